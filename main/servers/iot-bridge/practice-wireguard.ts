import { newWireGuardKeys } from './practice-authority';
import { PracticeProblem } from '../practice/practice-http';
import type { PracticeBridgeState } from './practice-state';

/** What the real bridge writes where its VPN server has not made its key yet. */
export const serverKeyPlaceholder = '<SERVER_PUBLIC_KEY – run: docker exec cdm-wireguard cat /config/server/publickey>';
export const privateKeyPlaceholder = '<REPLACE_WITH_DEVICE_PRIVATE_KEY>';

const serverAddress = '10.13.0.1';
const subnet = '10.13.0.0/16';
const largestHost = 0xfffe;

/**
 * The address of this device in the VPN: the one it has, or the next free one. Peers are never removed, so the next one is
 * their count, after the server's own.
 *
 * @throws PracticeProblem 500 where the network is full
 */
export function allocateAddress(state: PracticeBridgeState, deviceId: string): string {
  const known = state.peer(deviceId);
  if (known !== undefined) return known.address;
  const host = state.peerCount() + 2;
  if (host > largestHost) throw new PracticeProblem(500, 'Internal Server Error');
  const address = `10.13.${String(host >> 8)}.${String(host & 0xff)}`;
  state.savePeer({ deviceId, address });
  return address;
}

/** The file of wg-quick(8) with a placeholder where the device is to put its own key. */
export function wireguardFile(deviceId: string, address: string, serverPublicKey: string): string {
  return lines([
    '[Interface]',
    `# Device: ${deviceId}`,
    `Address = ${address}/24`,
    `PrivateKey = ${privateKeyPlaceholder}`,
    `DNS = ${serverAddress}`,
    '',
    ...peerSection(serverPublicKey),
  ]);
}

/**
 * The same as the walk-through shows it: the server makes the pair and sends the private key.
 * SECURITY: as in the walk-through, this key was on the network; a station keeps it as the secret that it is.
 */
export function wireguardFileWithKey(address: string, serverPublicKey: string): { readonly text: string; readonly publicKey: string } {
  const pair = newWireGuardKeys();
  const text = lines(['[Interface]', `PrivateKey = ${pair.privateKey}`, `Address = ${address}/24`, `DNS = ${serverAddress}`, '', ...peerSection(serverPublicKey)]);
  return { text, publicKey: pair.publicKey };
}

function peerSection(serverPublicKey: string): string[] {
  return ['[Peer]', `PublicKey = ${serverPublicKey}`, 'Endpoint = localhost:51820', `AllowedIPs = ${subnet}`, 'PersistentKeepalive = 25'];
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
