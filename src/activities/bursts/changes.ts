import type { PushUpdateInput } from '../../passes/operation-input.js';
import { stateChangeOf } from '../../passes/state-change.js';
import { stepsAskedFor } from '../../passes/update-outcome.js';
import type { UndoneOperation } from '../../database/bursts/changes.js';
import type { LoadedForChange } from '../../database/passes/passes.js';
import { decideData } from '../apply-data.js';
import { decideState } from '../change-state.js';
import { decideType, typesOf } from '../convert-type.js';
import type { ActivityDeps } from '../deps.js';
import { designOf } from '../pass-design.js';
import { decideMetadata, newestDesignOf } from '../recompute-metadata.js';
import type { BurstStepInput } from './burst-step.js';
import { changePasses, type ChangedPasses } from './change-passes.js';

const asked = ({ operation }: UndoneOperation) => stepsAskedFor(operation.input as Partial<PushUpdateInput>);

const recomputes = (one: UndoneOperation): boolean => asked(one).recompute || one.made.includes('type');

/** convert-type over a burst. */
export const convertTypesActivity = (deps: ActivityDeps) =>
  async function convertTypes(ref: BurstStepInput): Promise<ChangedPasses> {
    const decide = async (loaded: LoadedForChange) => decideType(loaded, await typesOf(deps, loaded));
    return changePasses(deps, { ref, step: 'convert-type', change: 'type', asks: (one) => asked(one).convert, decide });
  };

/** apply-data over a burst. */
export const applyDataToManyActivity = (deps: ActivityDeps) =>
  async function applyDataToMany(ref: BurstStepInput): Promise<ChangedPasses> {
    const decide = async (loaded: LoadedForChange, one: UndoneOperation) =>
      decideData(loaded, await designOf(deps, loaded.pass), recomputes(one));
    return changePasses(deps, { ref, step: 'apply-data', change: 'data', asks: (one) => asked(one).apply, decide });
  };

/** recompute-metadata over a burst: for operations that ask for it or have changed the type. */
export const recomputeManyActivity = (deps: ActivityDeps) =>
  async function recomputeMany(ref: BurstStepInput): Promise<ChangedPasses> {
    const decide = async (loaded: LoadedForChange) => decideMetadata(loaded, await newestDesignOf(deps, loaded.pass));
    return changePasses(deps, { ref, step: 'recompute-metadata', change: 'metadata', asks: recomputes, decide });
  };

/** change-state over a burst: void, expire, restore or delete, by the kind of each operation. */
export const changeStatesActivity = (deps: ActivityDeps) =>
  async function changeStates(ref: BurstStepInput): Promise<ChangedPasses> {
    const settings = await deps.tenantSettings(ref.tenantId);
    const asks = ({ operation }: UndoneOperation) => stateChangeOf(operation.kind) !== undefined;
    const decide = async (loaded: LoadedForChange) => decideState(loaded, settings);
    return changePasses(deps, { ref, step: 'change-state', change: 'state', asks, decide });
  };
