import type Database from 'better-sqlite3';
import { z } from 'zod';

import { readTransaction, writeTransaction } from './database';
import type { RecordDatabase } from './database';
import { parse } from './rows';
import { recordError } from './sqlite-errors';

export type Value = string | number | null | Uint8Array;

/** An open record as its parts use it: transactions, and statements that are prepared once. */
export class RecordSession {
  readonly #database: RecordDatabase;
  readonly #statements = new Map<string, Database.Statement<Value[]>>();

  constructor(database: RecordDatabase) {
    this.#database = database;
  }

  get path(): string {
    return this.#database.path;
  }

  /** Whether the caller is inside `write` or `read`. */
  get inTransaction(): boolean {
    return this.#database.connection.inTransaction;
  }

  write<Result>(work: () => Result): Promise<Result> {
    return settle(() => writeTransaction(this.#database, work));
  }

  read<Result>(work: () => Result): Promise<Result> {
    return settle(() => readTransaction(this.#database, work));
  }

  /** @returns number of rows that were changed */
  run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  get(sql: string, ...values: Value[]): unknown {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: Value[]): unknown[] {
    return this.#statement(sql).all(...values);
  }

  /** The column `value` of the first row. */
  text(sql: string, ...values: Value[]): string | undefined {
    const row = this.get(sql, ...values);
    return row === undefined ? undefined : parse(textSchema, row, 'row', this.path).value;
  }

  /** The column `value` of the one row. */
  number(sql: string, ...values: Value[]): number {
    return parse(numberSchema, this.get(sql, ...values), 'row', this.path).value;
  }

  /** May be called twice. */
  close(): Promise<void> {
    return settle(() => {
      this.#statements.clear();
      try {
        this.#database.connection.close();
      } catch (thrown) {
        throw recordError(thrown, this.path);
      }
    });
  }

  /** The texts are all ours and few; values are always bound, never part of them. */
  #statement(sql: string): Database.Statement<Value[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.connection.prepare<Value[]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const textSchema = z.object({ value: z.string() });
const numberSchema = z.object({ value: z.number() });

/** The driver is synchronous; the port is not, because the record may live in another process. */
function settle<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
