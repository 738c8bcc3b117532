/** What main may ask of the custody process. SECURITY: no schema here has a place for a private key. */
import { z } from 'zod';
import type { Methods } from './methods';
import {
  binarySchema,
  cardFileSchema,
  cardKeySchema,
  custodyStatusSchema,
  erasureSchema,
  imageReportSchema,
  imageSettingsSchema,
  keyTypeSchema,
  listOf,
  preparedImageSchema,
  publicKeySchema,
  targetFactsSchema,
  verifyReceiptSchema,
  writeReceiptSchema,
} from './values';

const nothing = z.void();
const files = listOf(cardFileSchema);
const job = z.object({ jobId: z.uuid() });

export const custodyMethods = {
  status: { params: z.object({}), result: custodyStatusSchema },
  prepareImage: { params: z.object({ settings: imageSettingsSchema }), result: preparedImageSchema },
  inspectImage: { params: z.object({ path: z.string() }), result: imageReportSchema },
  checkFiles: { params: z.object({ image: preparedImageSchema, files }), result: nothing },
  inspectTarget: { params: z.object({ path: z.string() }), result: targetFactsSchema },
  generate: { params: job.extend({ keyType: keyTypeSchema }), result: publicKeySchema },
  sign: { params: job.extend({ payload: binarySchema }), result: binarySchema },
  write: { params: job.extend({ image: preparedImageSchema, files, target: targetFactsSchema, erasure: erasureSchema }), result: writeReceiptSchema },
  verify: { params: job, result: verifyReceiptSchema },
  spoil: { params: job, result: nothing },
  destroy: { params: job, result: nothing },
  readCardKey: { params: z.object({ targetPath: z.string(), files }), result: cardKeySchema },
  signWithCardKey: {
    params: z.object({ targetPath: z.string(), files, payload: binarySchema }),
    result: z.object({ publicKey: publicKeySchema, signature: binarySchema }),
  },
} as const satisfies Methods;

export type CustodyMethods = typeof custodyMethods;
