/** What a slot can say in one word. The set is closed, so that a window in another language has a word for each. */
export const slotWords = [
  'Free',
  'Ready',
  'Starting',
  'Running',

  'Reserving',
  'Checking',
  'Generating',
  'Writing',
  'Verifying',
  'Enrolling',
  'Trying the key',
  'Erasing',
  'Recording',
  'Reading',
  'Exporting',
  'Renewing',

  'Preauthorized',
  'Enrolled',
  'Accepted',
  'Renewed',
  'Waiting',
  'Scan the label',
  'Cancelled',
  'Decommissioned',
  'Stopped',
  'Not renewed',
] as const;
export type SlotWord = (typeof slotWords)[number];
