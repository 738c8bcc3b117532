import { ImprintError } from '../../domain/errors';
import type { ContentPart } from '../../domain/ports';

/** A key as WireGuard writes it: 32 bytes in standard base64 (wg(8), configuration file format). */
const key = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const placeholder = /^<.*>$/;

interface Line {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  /** Where the value stands in the text. */
  readonly from: number;
  readonly until: number;
}

function invalid(sentence: string): ImprintError {
  return new ImprintError('server-reply-invalid', `${sentence} Nothing was written.`, { field: 'server.options.wireguardKey' });
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  let section = '';
  let at = 0;
  for (const line of text.split('\n')) {
    const bare = line.replace(/#.*$/, '').trim();
    const head = /^\[(\w+)\]$/.exec(bare)?.[1];
    if (head !== undefined) section = head.toLowerCase();
    const setting = /^(\s*(\w+)\s*=\s*)(.*?)\s*(?:#.*)?$/.exec(line);
    if (head === undefined && bare !== '') {
      if (setting === null) throw invalid(`The server's WireGuard file has a line that is none: "${bare.slice(0, 40)}".`);
      const [, before = '', name = '', value = ''] = setting;
      lines.push({ section, name: name.toLowerCase(), value, from: at + before.length, until: at + before.length + value.length });
    }
    at += line.length + 1;
  }
  return lines;
}

/**
 * A WireGuard configuration as it goes onto the card.
 *
 * SECURITY: the station's own private key is put in by custody, where the part that names it stands. One that the server made
 * came over the network already, and is kept as it is where the profile says so.
 *
 * @param text as the server sent it
 * @param whose the key that must stand in it
 * @throws ImprintError server-reply-invalid: no such file, a placeholder where a key of the server belongs, the other one's key
 */
export function readWireguard(text: string, whose: 'station' | 'server'): readonly ContentPart[] {
  // The walk-through's own page shows line breaks as HTML; a server that copied it would send them so.
  const config = text.replaceAll('<br>', '\n').replace(/\r\n/g, '\n').replace(/\n*$/, '\n');
  const lines = linesOf(config);
  const one = (section: string, name: string): Line => {
    const found = lines.filter((line) => line.section === section && line.name === name);
    const [first] = found;
    if (first === undefined) throw invalid(`The server's WireGuard file has no ${name} in [${section}].`);
    if (found.length > 1 && section === 'interface') throw invalid(`The server's WireGuard file has ${name} twice.`);
    return first;
  };
  const privateKey = one('interface', 'privatekey');
  one('interface', 'address');
  one('peer', 'allowedips');
  one('peer', 'endpoint');
  for (const peer of lines.filter(({ section, name }) => section === 'peer' && (name === 'publickey' || name === 'presharedkey'))) {
    if (placeholder.test(peer.value)) throw invalid(`The server's WireGuard file has a placeholder (${peer.value.slice(0, 40)}) where its own key belongs: its VPN is not set up.`);
    if (!key.test(peer.value)) throw invalid(`The server's WireGuard file has a ${peer.name} that is no key.`);
  }
  one('peer', 'publickey');
  const isPlaceholder = placeholder.test(privateKey.value);
  if (!isPlaceholder && !key.test(privateKey.value)) throw invalid('The server\'s WireGuard file has a PrivateKey that is neither a key nor a placeholder.');
  if (whose === 'server') {
    if (isPlaceholder) throw invalid('The server made no WireGuard key, and the profile wants one of its own kept (server.options.wireguardKey).');
    return [{ bytes: Buffer.from(config, 'utf8') }];
  }
  if (!isPlaceholder) throw invalid('The server sent a WireGuard private key of its own, and the profile wants the station\'s (server.options.wireguardKey).');
  return [{ bytes: Buffer.from(config.slice(0, privateKey.from), 'utf8') }, { secret: 'agreement-key' }, { bytes: Buffer.from(config.slice(privateKey.until), 'utf8') }];
}
