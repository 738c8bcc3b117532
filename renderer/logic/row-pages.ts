/**
 * A long list of which only the rows on the screen are fetched, page by page. No page is fetched twice at once, a page that
 * was scrolled past is not fetched at all, and no more than a few dozen are kept.
 */
export interface RowPage<Row, Facts> {
  readonly rows: readonly Row[];
  readonly total: number;
  /** What comes with every page besides its rows. */
  readonly facts: Facts;
}

export interface RowPagesOptions<Row, Facts, Problem> {
  readonly load: (offset: number, limit: number) => Promise<{ readonly ok: true; readonly value: RowPage<Row, Facts> } | { readonly ok: false; readonly error: Problem }>;
  /** There is something new to draw. */
  readonly changed: () => void;
}

export const rowsOnPage = 100;
const mostPages = 40;
const mostAtOnce = 2;

interface Page<Row> {
  readonly rows: readonly Row[];
  /** Fetched before the last refresh. */
  stale: boolean;
}

export class RowPages<Row, Facts, Problem> {
  readonly #options: RowPagesOptions<Row, Facts, Problem>;
  /** In the order of their last use. */
  readonly #pages = new Map<number, Page<Row>>();
  readonly #loading = new Set<number>();
  /** Loaded before a refresh came: their answer is stale already. */
  readonly #outdated = new Set<number>();
  #wanted: readonly number[] = [];
  #total: number | undefined;
  #facts: Facts | undefined;
  #problem: Problem | undefined;

  constructor(options: RowPagesOptions<Row, Facts, Problem>) {
    this.#options = options;
  }

  /** Undefined before the first page came. */
  get total(): number | undefined {
    return this.#total;
  }

  get facts(): Facts | undefined {
    return this.#facts;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The row at this place; undefined where it was not fetched yet. */
  row(index: number): Row | undefined {
    return this.#pages.get(Math.floor(index / rowsOnPage))?.rows[index % rowsOnPage];
  }

  /** These rows are on the screen. */
  show(first: number, last: number): void {
    const pages: number[] = [];
    for (let page = Math.floor(first / rowsOnPage); page <= Math.floor(last / rowsOnPage); page += 1) pages.push(page);
    this.#wanted = pages;
    for (const number of pages) {
      const page = this.#pages.get(number);
      if (page === undefined) continue;
      this.#pages.delete(number);
      this.#pages.set(number, page);
    }
    this.#next();
  }

  /** Everything may be new: what is on the screen is fetched again, the old rows stay until then. */
  refresh(): void {
    for (const page of this.#pages.values()) page.stale = true;
    for (const page of this.#loading) this.#outdated.add(page);
    this.#next();
  }

  #next(): void {
    for (const page of this.#wanted) {
      if (this.#loading.size >= mostAtOnce) return;
      const known = this.#pages.get(page);
      if (this.#loading.has(page) || (known !== undefined && !known.stale) || this.#isBehindEnd(page)) continue;
      void this.#load(page);
    }
  }

  #isBehindEnd(page: number): boolean {
    return page > 0 && this.#total !== undefined && page * rowsOnPage >= this.#total;
  }

  async #load(page: number): Promise<void> {
    this.#loading.add(page);
    const reply = await this.#options.load(page * rowsOnPage, rowsOnPage);
    this.#loading.delete(page);
    const stale = this.#outdated.delete(page);
    if (reply.ok) {
      this.#pages.delete(page);
      this.#pages.set(page, { rows: reply.value.rows, stale });
      this.#total = reply.value.total;
      this.#facts = reply.value.facts;
      this.#problem = undefined;
      this.#forget();
    } else {
      this.#problem = reply.error;
      // Asked for again by the next refresh or scroll, not in a circle.
      this.#wanted = this.#wanted.filter((each) => each !== page);
    }
    this.#options.changed();
    this.#next();
  }

  #forget(): void {
    for (const page of this.#pages.keys()) {
      if (this.#pages.size <= mostPages) return;
      if (!this.#wanted.includes(page)) this.#pages.delete(page);
    }
  }
}
