import { type EngineStatus, loadEngine as load } from '../engine/index.ts';
import { host } from './host.ts';

const told = new WeakSet<object>();

/** Loads the engine that AENB_ENGINE asks for, and tells the notebook which one it is. */
export async function loadEngine(): Promise<EngineStatus> {
  const status = await load();
  const place = host();
  if (place && !told.has(place)) {
    told.add(place);
    place.engineLoaded(status);
  }
  return status;
}
