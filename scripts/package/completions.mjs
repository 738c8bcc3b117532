/** What a shell offers behind `imprint`, and the man page: all of it from the application's own tables. */

/** Options whose value is a path. */
const FILES = ['--image', '--profile', '--target', '--file', '--to', '--from', '--data', '--ca-file', '--card', '--output', '-o', '--anchor'];

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const takesValue = (table, option) => option === '-o' || table.options[option.slice(2)]?.type === 'string';
const offered = (table, command) => [...new Set([...command.options, ...table.common])].sort();

export function bashCompletion(table) {
  const cases = table.commands.map((command) => `    ${command.name}) words=${quoted([...command.words, ...offered(table, command)].join(' '))} ;;`);
  return `# bash completion for imprint
_imprint() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} word words=
  COMPREPLY=()
  case $previous in
    ${FILES.join(' | ')}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
    --role) COMPREPLY=($(compgen -W 'technician qa auditor admin lab' -- "$current")); return ;;
    --server) COMPREPLY=($(compgen -W 'mender iot-bridge openmdm openmdm-hmac' -- "$current")); return ;;
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
${table.commands.map(({ name }) => `      ${name}) words=$word; break ;;`).join('\n')}
    esac
  done
  case $words in
${cases.join('\n')}
    *) words=${quoted([...table.commands.map(({ name }) => name), ...table.common].join(' '))} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _imprint imprint
`;
}

export function zshCompletion(table) {
  const argument = (option) => {
    const name = option === '-o' ? '-o' : option;
    if (!takesValue(table, option)) return quoted(`*${name}`);
    return quoted(`*${name}:${option.replace(/^-+/, '')}:${FILES.includes(option) ? '_files' : ' '}`);
  };
  const cases = table.commands.map((command) => {
    const words = command.words.length === 0 ? quoted('*: :_files') : quoted(`*: :(${command.words.join(' ')})`);
    return `    ${command.name}) _arguments -S ${offered(table, command).map(argument).join(' ')} ${words} ;;`;
  });
  const described = table.commands.map(({ name, does }) => `    ${quoted(`${name}:${does.replaceAll(':', '\\:')}`)}`);
  return `#compdef imprint
local -a commands
commands=(
${described.join('\n')}
)
if (( CURRENT == 2 )); then
  _describe command commands
  compadd -- ${table.common.join(' ')}
  return
fi
local command=\${words[2]}
(( CURRENT -= 1 )); shift words
case $command in
${cases.join('\n')}
    *) _files ;;
esac
`;
}

export function fishCompletion(table) {
  const lines = ['# fish completion for imprint', 'complete -c imprint -f'];
  for (const { name, does } of table.commands) lines.push(`complete -c imprint -n __fish_use_subcommand -a ${name} -d ${fish(does)}`);
  const option = (name, condition) => {
    const given = name === '-o' ? '-s o' : `-l ${name.slice(2)}`;
    return `complete -c imprint${condition} ${given}${takesValue(table, name) ? ` -r${FILES.includes(name) ? ' -F' : ''}` : ''}`;
  };
  for (const name of table.common) lines.push(option(name, ''));
  for (const command of table.commands) {
    const condition = ` -n '__fish_seen_subcommand_from ${command.name}'`;
    if (command.words.length > 0) lines.push(`complete -c imprint${condition} -a '${command.words.join(' ')}'`);
    for (const name of command.options.filter((each) => !table.common.includes(each))) lines.push(option(name, condition));
  }
  return `${lines.join('\n')}\n`;
}

const fish = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** roff: a line that begins with a point or an apostrophe would be a command, a bare hyphen a dash. */
const roff = (text) => text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/, '\\&$1');

/** imprint(1). @param {string} version of the page's footer */
export function manPage(table, version) {
  const commands = table.commands.flatMap(({ synopsis, does }) => [...synopsis.flatMap((line, index) => [index === 0 ? '.TP' : '.TQ', `.B ${roff(line)}`]), roff(does === '' ? 'See the command line reference.' : `${does.charAt(0).toUpperCase()}${does.slice(1)}.`)]);
  const options = table.explained.flatMap(([option, does]) => ['.TP', `.B ${roff(option)}`, roff(`${does}.`)]);
  const [, codes] = table.exitCodes.split(': ');
  return `${[
    `.TH IMPRINT 1 "" "Imprint ${version}" "User Commands"`,
    '.SH NAME',
    'imprint \\- a key of its own for every device',
    '.SH SYNOPSIS',
    '.B imprint',
    '.RI [ options ]',
    '.br',
    '.B imprint',
    '.I command',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    'Imprint makes a key pair for every device, makes its server expect exactly that key, writes the private key into the data partition of the image on the device\'s SD card, and reads the card back. Without a command it opens the window of the station; the commands need no display.',
    '.SH COMMANDS',
    ...commands,
    '.SH OPTIONS',
    ...options,
    '.SH EXIT STATUS',
    ...codes.split(', ').flatMap((code) => ['.TP', `.B ${roff(code.split(' ')[0])}`, roff(code.split(' ').slice(1).join(' '))]),
    '.SH FILES',
    '.TP',
    '.I ~/.local/share/imprint',
    'The station: its record, decoded images, encrypted credentials. It stays when the package is removed.',
    '.TP',
    '.I /etc/udev/rules.d/70\\-imprint.rules',
    'Gives the group imprint the cards in USB and SD readers.',
    '.SH ENVIRONMENT',
    '.TP',
    '.B IMPRINT_PIN',
    'The PIN of whoever signs in, where a script runs the command.',
  ].join('\n')}\n`;
}
