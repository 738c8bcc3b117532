import type { ReactNode } from 'react';
import type { AcceptanceState, ActionEntry, DeviceState, JobState, SlotState, Step } from '../contract';
import type { ShownState } from '../logic/certificates';

/** Every icon: 24 × 24, drawn with the colour of the text beside it. Their outlines differ, so colour is never the only sign. */
const shapes = {
  free: <circle cx="12" cy="12" r="9" strokeDasharray="3.2 3.9" />,
  ready: (
    <>
      <path d="M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3" />
      <path d="M8 9v6M12 9v6M16 9v6" />
    </>
  ),
  running: <path d="M12 3v11M7 10l5 5 5-5M4 20h16" />,
  done: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="m8 12.5 3 3 5.5-6.5" />
    </>
  ),
  accepted: (
    <>
      <path d="M12 2.5 20 5.5v6c0 5-3.5 8.5-8 10-4.5-1.5-8-5-8-10v-6Z" />
      <path d="m8 12 3 3 5-6" />
    </>
  ),
  waiting: <path d="M6 3h12M6 21h12M7.5 3v4l4.5 5-4.5 5v4M16.5 3v4L12 12l4.5 5v4" />,
  cancelled: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="m6 18 12-12" />
    </>
  ),
  failed: (
    <>
      <path d="M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8Z" />
      <path d="M12 7v6M12 16.5v.5" />
    </>
  ),
  undone: <path d="M9 6 4 11l5 5M4 11h10a6 6 0 0 1 0 9h-3" />,
  warning: (
    <>
      <path d="M12 3 22 20H2Z" />
      <path d="M12 10v4M12 17v.5" />
    </>
  ),
  information: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 11v6M12 7v.5" />
    </>
  ),
  missing: (
    <>
      <path d="M12 2.5 21.5 12 12 21.5 2.5 12Z" />
      <path d="M9.8 10a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5M12 16.5v.3" />
    </>
  ),
  removed: (
    <>
      <path d="M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13" />
      <path d="M10.5 11v5M13.5 11v5" />
    </>
  ),
  batch: (
    <>
      <path d="M3 8l9-5 9 5v8l-9 5-9-5Z" />
      <path d="m3 8 9 5 9-5M12 13v8" />
    </>
  ),
  again: <path d="M20 5v5h-5M20 10a8.5 8.5 0 1 0 .5 4" />,
  sun: (
    <>
      <circle cx="12" cy="12" r="4" />
      <path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2" />
    </>
  ),
  moon: <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z" />,
  sound: <path d="M4 9v6h4l5 4V5L8 9ZM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11" />,
  folder: <path d="M3 19V5h6l2 3h10v11Z" />,
  power: <path d="M12 3v9M7 6a8 8 0 1 0 10 0" />,
  lock: (
    <>
      <path d="M5 11h14v10H5Z" />
      <path d="M8 11V7a4 4 0 0 1 8 0v4" />
    </>
  ),
  next: <path d="M5 12h14M13 6l6 6-6 6" />,
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  certificate: (
    <>
      <path d="M5 3h14v12H5Z" />
      <path d="M8 7h8M8 11h4" />
      <circle cx="15" cy="15" r="3" fill="var(--surface)" />
      <path d="m13.5 17.5-1 4 2.5-1.5 2.5 1.5-1-4" />
    </>
  ),
  copy: <path d="M8 8h12v13H8ZM16 8V3H4v13h4" />,
  people: (
    <>
      <circle cx="9" cy="8" r="4" />
      <path d="M2 21v-2a6 6 0 0 1 6-6h2a6 6 0 0 1 6 6v2M16 4.3a4 4 0 0 1 0 7.4M18.5 13.6A6 6 0 0 1 22 19v2" />
    </>
  ),
  digits: (
    <>
      <path d="M3 7h18v10H3Z" />
      <path d="M7.5 12h.01M12 12h.01M16.5 12h.01" strokeWidth="2.6" />
    </>
  ),
  label: (
    <>
      <path d="M3 5h11l7 7-7 7H3Z" />
      <path d="M6.5 9v6M9 9v6M11.5 9v6" />
    </>
  ),
  key: (
    <>
      <circle cx="8" cy="15" r="5" />
      <path d="m11.5 11.5 8.5-8.5M16 7l3 3" />
    </>
  ),
  bench: (
    <>
      <path d="M3 4h8v7H3ZM13 4h8v7h-8ZM3 13h8v7H3ZM13 13h8v7h-8Z" />
    </>
  ),
  devices: (
    <>
      <path d="M7 7h10v10H7Z" />
      <path d="M9.5 7V3.5M14.5 7V3.5M9.5 20.5V17M14.5 20.5V17M7 9.5H3.5M7 14.5H3.5M20.5 9.5H17M20.5 14.5H17" />
    </>
  ),
  record: (
    <>
      <path d="M5 3h14v18H5Z" />
      <path d="M9 3v18M12.5 8H16M12.5 12H16" />
    </>
  ),
  report: (
    <>
      <path d="M5 3h10l4 4v14H5Z" />
      <path d="M9 17v-3M12 17v-6M15 17v-4" />
    </>
  ),
  plot: (
    <>
      <path d="M4 3v17h17" />
      <path d="m7 15 4-5 4 3 5-7" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** Decorative: the word beside it is what a screen reader says. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {shapes[name]}
    </svg>
  );
}

export const slotIcons = {
  free: 'free',
  ready: 'ready',
  running: 'running',
  done: 'done',
  accepted: 'accepted',
  waiting: 'waiting',
  cancelled: 'cancelled',
  failed: 'failed',
} satisfies Record<SlotState, IconName>;

export const jobIcons = {
  open: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'cancelled',
  compensated: 'undone',
  waiting: 'waiting',
} satisfies Record<JobState, IconName>;

export const deviceIcons = { reserved: 'running', preauthorized: 'done', accepted: 'accepted', released: 'free', decommissioned: 'removed' } satisfies Record<DeviceState, IconName>;

export const acceptanceIcons = { unchecked: 'free', waiting: 'waiting', accepted: 'accepted', stuck: 'failed', missing: 'missing' } satisfies Record<AcceptanceState, IconName>;

export const certificateIcons = { issued: 'certificate', ending: 'waiting', expired: 'failed', superseded: 'again', revoked: 'cancelled', lost: 'missing' } satisfies Record<ShownState, IconName>;

export const actionIcons = { started: 'running', done: 'done', failed: 'failed' } satisfies Record<ActionEntry['state'], IconName>;

export const stepIcons = { started: 'running', done: 'done', failed: 'failed' } satisfies Record<Step['state'], IconName>;
