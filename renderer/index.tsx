import { createRoot } from 'react-dom/client';
import { App } from './app';
import { applyTheme, rememberedTheme } from './logic/theme';
import { keepCaret } from './state/keep-caret';
import './styles/index.css';

const theme = rememberedTheme();
if (theme !== undefined) applyTheme(theme);

keepCaret();
const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App />);
