import { useCallback, useEffect, useState } from 'react';
import type { Theme } from '../logic/theme';
import { applyTheme, rememberTheme, shownTheme } from '../logic/theme';

/** The theme on the screen and the switch to the other one. */
export function useTheme(): { readonly theme: Theme; readonly toggle: () => void } {
  const [theme, setTheme] = useState(shownTheme);
  useEffect(() => {
    const query = window.matchMedia('(prefers-color-scheme: light)');
    const follow = (): void => setTheme(shownTheme());
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const toggle = useCallback(() => {
    const other = shownTheme() === 'dark' ? 'light' : 'dark';
    applyTheme(other);
    rememberTheme(other);
    setTheme(other);
  }, []);
  return { theme, toggle };
}
