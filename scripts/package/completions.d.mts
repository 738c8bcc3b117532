import type { CommandTable } from './command-table.mjs';

export function bashCompletion(table: CommandTable): string;
export function zshCompletion(table: CommandTable): string;
export function fishCompletion(table: CommandTable): string;
export function manPage(table: CommandTable, version: string): string;
