import { build } from 'esbuild';
import { root } from '../support/paths.mjs';

/** What the help says of one command. @typedef {{name: string, words: string[], options: string[], synopsis: string[], does: string}} CommandHelp */

/**
 * The application's own tables: which commands and options there are, and what the help says of them. The shell's completions and
 * the man page are made from these, so they cannot name anything that is not there.
 * @returns {Promise<{commands: CommandHelp[], options: Record<string, {type: string}>, common: string[], explained: [string, string][], exitCodes: string}>}
 */
export async function readCommandTable() {
  const contents = `export { commandNames } from './main/compose/command-rights';
    export { options } from './main/compose/commands/arguments';
    export { helpText } from './main/compose/help';`;
  const { outputFiles } = await build({ stdin: { contents, resolveDir: root, loader: 'ts' }, bundle: true, write: false, format: 'esm', platform: 'node', packages: 'external', logLevel: 'silent' });
  const { commandNames, options, helpText } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  const [synopsis, footer] = split(helpText);
  const commands = commandNames.map((name) => commandHelp(name, synopsis));
  const explained = footer.map((line) => line.match(/^ {2}(--[a-z-]+(?: [A-Z]+)?) +(\S.*)$/)?.slice(1)).filter(Boolean);
  const common = ['--help', '--version', ...explained.map(([option]) => option.split(' ')[0])];
  return { commands, options, common: [...new Set(common)].sort(), explained, exitCodes: footer.find((line) => line.startsWith('Exit codes:')) };
}

/** The lines about commands (each with the lines that go on below it), and those behind them. */
function split(helpText) {
  const lines = helpText.split('\n').slice(1);
  const end = lines.findIndex((line) => /^ {2}--/.test(line));
  const paragraphs = [];
  for (const line of lines.slice(0, end)) {
    if (/^ {2}imprint/.test(line)) paragraphs.push([line]);
    else if (line.trim() !== '') paragraphs.at(-1).push(line);
  }
  return [paragraphs, joinContinued(lines.slice(end))];
}

/** A line that begins far to the right goes on with what the one before explains. */
function joinContinued(lines) {
  const joined = [];
  for (const line of lines) {
    if (/^ {12,}\S/.test(line) && joined.length > 0) joined[joined.length - 1] += ` ${line.trim()}`;
    else joined.push(line);
  }
  return joined;
}

/** Where a description begins in the help, behind two blanks. */
const COLUMN = 44;
const described = (line) => line.slice(COLUMN - 2, COLUMN) === '  ' && line.length > COLUMN;

/** A command stands in one paragraph of the help, or in several. */
function commandHelp(name, paragraphs) {
  const own = paragraphs.filter(([line]) => new RegExp(`^ {2}imprint ${name}( |$)`).test(line));
  const synopsis = own.map((lines) => lines.map((line) => (described(line) ? line.slice(0, COLUMN) : line).trim()).filter(Boolean).join(' '));
  const does = own.map((lines) => lines.filter(described).map((line) => line.slice(COLUMN)).join(' ')).filter(Boolean).join('; ');
  const options = [...new Set(synopsis.join(' ').match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [])].sort();
  return { name, synopsis, does, options, words: subcommands(name, synopsis) };
}

/** `imprint log [status | key] | check`: the small words behind the name, up to the first option or value. */
function subcommands(name, synopsis) {
  const words = synopsis.flatMap((line) =>
    line
      .split(new RegExp(`(?:imprint )?${name} |\\|`))
      .map((part) => part.trim().replace(/^\[/, '').split(/[\s\]]/)[0])
      .filter((word) => /^[a-z][a-z-]+$/.test(word) && word !== 'imprint' && word !== name),
  );
  return [...new Set(words)];
}
