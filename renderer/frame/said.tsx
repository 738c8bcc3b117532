import type { ReactNode } from 'react';
import { errorWords, type Said, type ShownError } from '../logic/of-main';
import { texts } from '../texts';

/** A sentence of main's, which is English whatever the window speaks. */
export function English({ children }: { readonly children: ReactNode }) {
  if (texts.ofMain === undefined) return children;
  return (
    <span className="english" lang="en">
      {children}
    </span>
  );
}

/** In the window's own words, and main's English beneath. */
export function SaidText({ words: { said, english } }: { readonly words: Said }) {
  if (english === undefined) return said;
  return (
    <>
      {said} <English>{english}</English>
    </>
  );
}

export function ErrorText({ error }: { readonly error: ShownError }) {
  return <SaidText words={errorWords(error)} />;
}
