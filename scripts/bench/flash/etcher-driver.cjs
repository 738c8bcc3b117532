'use strict';
// Runs in plain Node, as balenaEtcher's writer does: REQUEST, RESULT (JSON files). Writes one image to all devices and verifies them.
const { readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { totalmem } = require('node:os');
const { join } = require('node:path');

const mebibyte = 2 ** 20;
const [requestPath, resultPath] = process.argv.slice(2);
const { folder, image, devices } = JSON.parse(readFileSync(requestPath, 'utf8'));
const load = createRequire(join(folder, 'package.json'));

// Nothing is mounted on the devices; the prebuilt mountutils needs a newer C++ library than Debian 12 has.
load('etcher-sdk/build/lazy').getUnmountDisk = () => () => Promise.resolve();
const { pipeSourceToDestinations } = load('etcher-sdk/build/multi-write');
const { BlockDevice, ConfiguredSource, File } = load('etcher-sdk/build/source-destination');

/** What drivelist says of a card reader's drive. */
const driveOf = ({ path, bytes }) => ({
  device: path, raw: path, devicePath: null, displayName: path, description: 'card', mountpoints: [], size: bytes, blockSize: 512, logicalBlockSize: 512,
  isSystem: false, isReadOnly: false, isRemovable: true, isVirtual: false, isUSB: true, isCard: false, isSCSI: false, isUAS: false, isUASP: null, busType: 'USB', busVersion: '2.0', enumerator: 'USB', error: null, partitionTableType: null,
});

const verifyStarts = [];
const cardSeconds = devices.map(() => undefined);
let started;

function destinationOf(device, index) {
  const destination = new BlockDevice({ drive: driveOf(device), write: true, direct: true, unmountOnSuccess: false });
  const createVerifier = destination.createVerifier.bind(destination);
  destination.createVerifier = (...args) => {
    verifyStarts.push(performance.now());
    const verifier = createVerifier(...args);
    verifier.once('finish', () => (cardSeconds[index] = (performance.now() - started) / 1000));
    return verifier;
  };
  return destination;
}

async function main() {
  const opened = performance.now();
  const file = new File({ path: image });
  await file.open();
  const source = new ConfiguredSource({ source: file, shouldTrimPartitions: true, createStreamFromDisk: true });
  await source.open();
  const cpu = process.cpuUsage();
  started = performance.now();
  const { failures } = await pipeSourceToDestinations({
    source, destinations: devices.map(destinationOf), verify: true, onFail: () => undefined, onProgress: () => undefined,
    // As many as balenaEtcher gives it.
    numBuffers: Math.min(2 + (devices.length - 1) * 32, 256, Math.floor(totalmem() / mebibyte / 8)),
  });
  const { user, system } = process.cpuUsage(cpu);
  if (failures.size > 0) throw [...failures.values()][0];
  if (cardSeconds.includes(undefined)) throw new Error('not every card was verified');
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  writeFileSync(resultPath, JSON.stringify({
    prepare: (started - opened) / 1000, write: (Math.min(...verifyStarts) - started) / 1000, work: Math.max(...cardSeconds), cards: cardSeconds, cpu: (user + system) / 1e6, peak,
  }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
