/** One event, as the journal keeps it and as the records `Event` and `Cause` of the protocol carry it. */
export interface EventRecord {
  /** Grows by one with each event. */
  readonly sequence: number;
  /** Nanoseconds since 1970-01-01 UTC. */
  readonly timeNs: bigint;
  readonly label: string;
  /** One of `EVENT_KINDS`, or what a rule or a later version published. */
  readonly kind: string;
  /** `name=value` in their order. */
  readonly details: readonly (readonly [name: string, value: string])[];
}
