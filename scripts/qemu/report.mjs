/** Collects the rows and prints them as a Markdown table. */
export class Report {
  rows = [];
  notes = new Set();
  #say;

  constructor(say) {
    this.#say = say;
  }

  /** @param {{group: string, name: string, phase: string, outcome: string, head?: string, seconds?: number, second?: string, faults: string[]}} row */
  add(row) {
    this.rows.push(row);
    this.#say(`${row.faults.length === 0 ? '✓' : '✗'} ${row.group} ${row.name} ${row.phase}: ${row.outcome}${row.seconds === undefined ? '' : `, ${row.seconds.toFixed(1)} s`}${row.faults.length === 0 ? '' : `\n    ${row.faults.join('\n    ')}`}`);
  }

  skip(group, name, reason) {
    this.rows.push({ group, name, phase: '', outcome: `skipped: ${reason}`, faults: [], skipped: true });
    this.#say(`- ${group} ${name}: skipped, ${reason}`);
  }

  /** A sentence that somebody at a bench would read. */
  note(sentence) {
    this.notes.add(sentence.replace(/byte \d+/, 'byte N').replace(/\/dev\/(sd[a-z]|dm-\d+|mapper\/\w+)/, '/dev/sdX'));
  }

  get failed() {
    return this.rows.filter(({ faults }) => faults.length > 0).length;
  }

  get passed() {
    return this.rows.filter(({ faults, skipped }) => faults.length === 0 && !skipped).length;
  }

  table() {
    const cells = this.rows.map((row) => [row.group, row.name, row.phase, row.outcome, row.head ?? '', row.seconds?.toFixed(1) ?? '', row.second ?? '', row.skipped ? 'skipped' : row.faults.length === 0 ? 'passed' : `FAILED: ${row.faults.join('; ')}`]);
    const head = ['case', 'moment', 'phase', 'outcome', 'head afterwards', 'seconds', 'second try', 'result'];
    return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.map((cell) => cell.replace(/\s*\n\s*/g, '; ').replaceAll('|', '/')).join(' | ')} |`).join('\n');
  }
}
