/** What main may ask of the custody process. SECURITY: no schema here has a place for a private key. */
import { z } from 'zod';
import type { Methods } from './methods';
import {
  binarySchema,
  cardFileFactsSchema,
  cardFileSchema,
  cardKeySchema,
  custodyStatusSchema,
  deliveredContentSchema,
  erasureSchema,
  imageReportSchema,
  imageSettingsSchema,
  keyReferenceSchema,
  keyTypeSchema,
  listOf,
  preparedImageSchema,
  publicKeySchema,
  targetFactsSchema,
  tlsEndpointSchema,
  verifyReceiptSchema,
  writeReceiptSchema,
} from './values';

const nothing = z.void();
const files = listOf(cardFileSchema);
const contents = listOf(deliveredContentSchema);
const channel = z.object({ channelId: z.uuid() });
const job = z.object({ jobId: z.uuid() });

export const custodyMethods = {
  status: { params: z.object({}), result: custodyStatusSchema },
  prepareImage: { params: z.object({ settings: imageSettingsSchema }), result: preparedImageSchema },
  inspectImage: { params: z.object({ path: z.string() }), result: imageReportSchema },
  checkFiles: { params: z.object({ image: preparedImageSchema, files }), result: nothing },
  inspectTarget: { params: z.object({ path: z.string() }), result: targetFactsSchema },
  keysAhead: { params: z.object({ keyType: keyTypeSchema, most: z.int().min(0).max(16) }), result: nothing },
  generate: { params: job.extend({ keyType: keyTypeSchema }), result: publicKeySchema },
  sign: { params: job.extend({ payload: binarySchema }), result: binarySchema },
  agreementKey: { params: job, result: binarySchema },
  openTls: { params: z.object({ key: keyReferenceSchema, endpoint: tlsEndpointSchema }), result: channel },
  writeTls: { params: channel.extend({ bytes: binarySchema }), result: nothing },
  readTls: { params: channel, result: binarySchema.optional() },
  closeTls: { params: channel, result: nothing },
  write: { params: job.extend({ image: preparedImageSchema, files, contents, target: targetFactsSchema, erasure: erasureSchema }), result: writeReceiptSchema },
  verify: { params: job, result: verifyReceiptSchema },
  spoil: { params: job, result: nothing },
  destroy: { params: job, result: nothing },
  readCardKey: { params: z.object({ targetPath: z.string(), files }), result: cardKeySchema },
  readCardFiles: { params: z.object({ targetPath: z.string(), files }), result: listOf(binarySchema) },
  rewriteCardFiles: { params: z.object({ target: targetFactsSchema, files, contents }), result: listOf(cardFileFactsSchema) },
  signWithCardKey: {
    params: z.object({ targetPath: z.string(), files, payload: binarySchema }),
    result: z.object({ publicKey: publicKeySchema, signature: binarySchema }),
  },
} as const satisfies Methods;

export type CustodyMethods = typeof custodyMethods;
