/** Columns as wide as their widest cell, two spaces between them. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

/** RFC 4180; a value that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvRow(values: readonly string[]): string {
  return values.map((value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replace(/"/g, '""')}"`).join(',');
}
