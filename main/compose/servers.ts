import type { ServerKind } from '../domain/ports';
import { iotBridge } from '../servers/iot-bridge/adapter';
import { menderServer } from '../servers/mender/adapter';
import { openMdmServer } from '../servers/openmdm/adapter';

/** Every server kind that Imprint speaks: another one is a folder beside mender and a line here. */
export const servers: readonly ServerKind[] = [menderServer, iotBridge, openMdmServer];
