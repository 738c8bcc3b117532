// The part of the standard AbortSignal (DOM, 3.2) that the rules use: Node and the browser both have the whole of it,
// and this layer sees neither.
interface AbortSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
}
