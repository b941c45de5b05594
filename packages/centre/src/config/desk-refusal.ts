/** What keeps a desk from a site, or from all: one sentence for people. It travels as an exception in this folder only. */
export class Refusal extends Error {}
