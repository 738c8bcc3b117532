/** What goes wrong with one request. */
export type FaultAction =
  /** Answered with this instead of being processed. */
  | { readonly kind: 'reply'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly text?: string; readonly contentType?: string }
  /** The connection is cut and the request not processed. */
  | { readonly kind: 'reset' }
  /** Processed, and the connection is cut instead of an answer. */
  | { readonly kind: 'lost-reply' }
  /** Processed, and the connection is cut in the middle of the answer's body. */
  | { readonly kind: 'half-reply' }
  /** Processed, and the answer is this instead of the real one, as a proxy would do it. */
  | { readonly kind: 'replaced-reply'; readonly status: number }
  /** Answered after this many milliseconds. */
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** Never answered and not processed. */
  | { readonly kind: 'silence' };

export interface Fault {
  readonly method: string;
  /** The whole path, without the query. */
  readonly path: RegExp;
  /** How many matching requests go well first; 0 unless told. */
  readonly after?: number | undefined;
  /** How many requests it strikes then; 1 unless told. */
  readonly times?: number | undefined;
  readonly action: FaultAction;
}

/** Faults that wait for their request. A fault that is used up is gone. */
export class PracticeFaults {
  #waiting: { readonly fault: Fault; after: number; times: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, after: fault.after ?? 0, times: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The action that strikes this request, counting it. */
  take(method: string, path: string): FaultAction | undefined {
    for (const entry of this.#waiting) {
      if (entry.fault.method !== method || !entry.fault.path.test(path)) continue;
      if (entry.after > 0) {
        entry.after -= 1;
        continue;
      }
      entry.times -= 1;
      if (entry.times <= 0) this.#waiting = this.#waiting.filter((other) => other !== entry);
      return entry.fault.action;
    }
    return undefined;
  }
}
