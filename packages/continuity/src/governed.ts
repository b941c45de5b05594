/**
 * A value together with the option that set it, so that every decision which rests on it can name the option.
 */
import type { Because } from '@holdfast/kernel';

export type GoverningOption = NonNullable<Because['option']>;

export interface Governed<Value> {
  readonly value: Value;
  readonly option: GoverningOption;
}
