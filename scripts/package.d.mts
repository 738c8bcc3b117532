export interface Runtime {
  readonly path: string;
  readonly folder: string;
  readonly version: string;
  readonly official: boolean;
}
export function runtimeFor(smoke: boolean, electron?: Runtime): Runtime;
