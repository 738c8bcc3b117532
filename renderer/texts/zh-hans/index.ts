import type { Texts } from '../../texts';
import { access } from './access';
import { audit } from './audit';
import { bench } from './bench';
import { certificates } from './certificates';
import { desk } from './desk';
import { device } from './device';
import { frame } from './frame';
import { health } from './health';
import { keys } from './keys';
import { labels } from './labels';
import { ofMain } from './of-main';
import { orders } from './orders';
import { quality } from './quality';
import { dashboard, report } from './report';

/** The window in simplified Chinese; the terms stand in docs/architecture.md. */
export const chinese: Texts = { ...frame, ...keys, ...bench, ...quality, ...certificates, ...device, access, audit, orders, report, dashboard, labels, desk, health, ofMain };
