import type { ImageReport, PartitionReport } from '../../domain/ports';
import { describeBytes } from '../../domain/targets';
import { required, type Command } from './arguments';
import { withStation } from './context';

/** `inspect --image PATH` */
export const inspectCommand: Command = async (context) => {
  const path = required(context, 'image');
  return withStation(context, async ({ station }) => {
    const image = await station.custody.inspectImage(path, context.signal);
    context.output.emit({ event: 'result', ...image });
    context.output.print(describeImage(image));
    return 0;
  });
};

function describeImage(image: ImageReport): string {
  return [
    `${image.path}: ${image.format}, ${describeBytes(image.bytes)}${image.format === 'raw' ? '' : `, decoded ${describeBytes(image.decodedBytes)}`}, ${image.table.toUpperCase()}`,
    `SHA-256 ${image.sha256}`,
    ...image.partitions.flatMap(describePartition),
    ...image.keyPlaces.map((place) => `${place.possible ? 'Key can go to' : 'No key into'} partition ${String(place.partition)}, ${place.path}: ${place.sentence}`),
  ].join('\n');
}

function describePartition({ number, offset, bytes, type, name, filesystem }: PartitionReport): string[] {
  const label = filesystem.label ?? name;
  const free = filesystem.freeBytes === undefined ? '' : `, ${describeBytes(filesystem.freeBytes)} free`;
  const lines = [`Partition ${String(number)}: ${filesystem.kind}${label === undefined ? '' : ` "${label}"`}, ${describeBytes(bytes)} at byte ${String(offset)}, type ${type}${free}`];
  if (filesystem.features.length > 0) lines.push(`  features: ${filesystem.features.join(' ')}`);
  if (filesystem.refusal !== undefined) lines.push(`  ${filesystem.refusal}`);
  return lines;
}
