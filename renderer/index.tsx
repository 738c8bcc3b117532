import { createRoot } from 'react-dom/client';
import { AccessGate } from './access/access-gate';
import { App } from './app';
import { language } from './language';
import { applyTheme, rememberedTheme } from './logic/theme';
import { keepCaret } from './state/keep-caret';
import './styles/index.css';

document.documentElement.lang = language;
const theme = rememberedTheme();
if (theme !== undefined) applyTheme(theme);

keepCaret();
const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<AccessGate>{({ role, mode }) => <App first={mode === 'operators' && role === 'auditor' ? 'audit' : 'bench'} />}</AccessGate>);
