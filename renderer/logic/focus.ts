/** Where the focus belongs on the bench. The scan field has it unless a person deliberately went somewhere else. */
export interface FocusSituation {
  readonly dialogOpen: boolean;
  /** What holds the focus now. */
  readonly holder: 'scan-field' | 'text-input' | 'control' | 'nothing';
  /** How the focus got there. */
  readonly movedBy: 'pointer' | 'keyboard';
  /** Text on the page is marked, for copying; taking the focus would unmark it. */
  readonly textMarked: boolean;
}

/** Whether the scan field takes the focus back after a click or a blur. A control reached by Tab keeps it. */
export function scanFieldTakesFocus(situation: FocusSituation): boolean {
  const { dialogOpen, holder, movedBy, textMarked } = situation;
  if (dialogOpen || textMarked) return false;
  if (holder === 'scan-field' || holder === 'text-input') return false;
  return holder === 'nothing' || movedBy === 'pointer';
}

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

/** Whether this key press is text that belongs into the scan field, wherever the focus is. */
export function landsInScanField(press: KeyPress, situation: Pick<FocusSituation, 'dialogOpen' | 'holder'>): boolean {
  if (situation.dialogOpen || situation.holder === 'scan-field' || situation.holder === 'text-input') return false;
  if (press.altKey || press.metaKey) return false;
  if (press.ctrlKey) return press.key.toLowerCase() === 'v';
  // The space bar presses the control that has the focus; no identity starts with a space.
  if (press.key === ' ') return false;
  return press.key.length === 1;
}
