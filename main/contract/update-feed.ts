/** What an update feed says: `latest-linux.yml` as electron-updater reads it, of which only the update file counts (docs/updates.md). */
import { z } from 'zod';
import { versionSchema } from './update-file';

/** SECURITY: a plain name beside the list, so that nothing is fetched from elsewhere and nothing put elsewhere. */
const nameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.update$/);

const fileSchema = z.strictObject({ url: nameSchema, sha512: z.base64().length(88), size: z.int().min(1).max(4 * 2 ** 30) });
export type FeedFile = z.output<typeof fileSchema>;

/** Other packages and other members of a newer publisher's list are passed over. */
export const updateFeedSchema = z.object({
  version: versionSchema,
  files: z
    .array(z.looseObject({ url: z.string() }))
    .max(100)
    .transform((files) => files.filter(({ url }) => url.endsWith('.update')))
    .pipe(z.tuple([fileSchema])),
});
export type FeedInfo = z.output<typeof updateFeedSchema>;
