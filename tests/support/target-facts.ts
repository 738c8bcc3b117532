import type { TargetFacts } from '../../main/domain/targets';

/** What is known of an unused card in a reader, as far as it does not name this very card. */
export const removableCard = {
  kind: 'block-device',
  readOnly: false,
  removable: true,
  loop: false,
  wholeDisk: true,
  usedBy: [],
  systemDisk: false,
  looksLikeCard: true,
} as const satisfies Partial<TargetFacts>;
