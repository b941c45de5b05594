/** A cluster of the configuration at each site (S0): lost as a whole, and node by node. */
import { expect, it } from 'vitest';
import { World } from './test-world.ts';

const NODES = ['config-1', 'config-2', 'config-3'] as const;
