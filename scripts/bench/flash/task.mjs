/** The file that Imprint puts onto every card besides the image. The rivals write the image alone. */
export const keyFile = { path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0 };

/** Made in a millisecond: key making is no part of this bench. */
export const keyType = 'ed25519';

export const mebibyte = 2 ** 20;

/** What a card is larger than the image. */
export const spareBytes = 64 * mebibyte;
