/** The part of lzma-native 8 that is used; the package brings no types. */
declare module 'lzma-native' {
  import type { Transform } from 'node:stream';

  export const CONCATENATED: number;
  export function createStream(coder: 'streamDecoder', options: { flags: number; bufsize: number }): Transform;
}
