/** What the documentation says as code: its blocks, its commands, its profiles and its links. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

export const projectRoot = resolve(import.meta.dirname, '../..');

export interface Page {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly language: string;
  readonly text: string;
  /** The line before it, such as `~/line/profile.json`. */
  readonly before: string;
}

export function pages(): readonly Page[] {
  const below = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? below(join(folder, entry.name)) : entry.name.endsWith('.md') ? [join(folder, entry.name)] : []));
  return [join(projectRoot, 'README.md'), ...below(join(projectRoot, 'docs'))].map(pageOf);
}

export function page(path: string): Page {
  return pageOf(join(projectRoot, path));
}

const pageOf = (path: string): Page => ({ path: relative(projectRoot, path), text: readFileSync(path, 'utf8') });

export function blocks({ text }: Page): readonly Block[] {
  return [...text.matchAll(/([^\n]*)\n*^([ ]*)```(\w*)\n([\s\S]*?)^\2```/gm)].map(([, before = '', , language = '', content = '']) => ({ language, text: content, before }));
}

/** A section of a page, from its heading to the next one of the same rank. */
export function section(one: Page, heading: string): Page {
  const start = one.text.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`${one.path} has no section "${heading}".`);
  const end = one.text.indexOf('\n## ', start + 1);
  return { path: one.path, text: one.text.slice(start, end < 0 ? undefined : end) };
}

export interface DocumentedCommand {
  readonly page: string;
  readonly line: string;
  readonly words: readonly string[];
}

/** Lines of shell blocks, and code within sentences, that begin with `imprint` or `npm`. */
export function documentedCommands(one: Page): readonly DocumentedCommand[] {
  const shell = blocks(one).filter(({ language }) => ['sh', 'bash', ''].includes(language)).flatMap(({ text }) => text.replace(/\\\n/g, ' ').split('\n'));
  const prose = one.text.replace(/^[ ]*```[\s\S]*?^[ ]*```/gm, '');
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...shell, ...inline]
    .map((line) => line.trim().replace(/^\$ /, ''))
    .filter((line) => /^(?:imprint|npm)(?: |$)/.test(line))
    .map((line) => ({ page: one.path, line, words: shellWords(line) }));
}

/** The words of the first command of a line: quotes as a shell takes them, without redirections and without what follows a pipe. */
export function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|((?:\\.|[^\s'"])+(?:"[^"]*")?)/g)) {
    const word = single ?? double ?? (bare ?? '').replaceAll('"', '').replace(/\\(.)/g, '$1');
    if (bare !== undefined && /^(?:\||&&|;|#)/.test(bare)) break;
    if (bare !== undefined && /^[<>]/.test(bare)) break;
    words.push(word);
  }
  return words;
}

/** What `imprint` gets of a documented command; undefined where it is another program's. */
export function imprintWords(words: readonly string[]): readonly string[] | undefined {
  if (words[0] === 'imprint') return words.slice(1);
  const [npm, run, ...rest] = words;
  if (npm !== 'npm' || run !== 'run') return undefined;
  const script = rest.findIndex((word) => word === 'imprint');
  return script >= 0 && rest.slice(0, script).every((word) => word.startsWith('-')) && rest[script + 1] === '--' ? rest.slice(script + 2) : undefined;
}

/** How a heading is named in a link. */
export function anchors({ text }: Page): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const names = [...text.replace(/^[ ]*```[\s\S]*?^[ ]*```/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const name = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '').toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return count === 0 ? name : `${name}-${String(count)}`;
  });
  return new Set(names);
}
