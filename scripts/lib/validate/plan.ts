// What a validation does and when, as data: three phases of equal length over whatever time it is given.

/** Something done to the service while it is under load. */
export type Event =
  | { kind: "switch"; percent: 0 | 10 | 50 | 100 }
  | { kind: "publish" }
  /** Only where the validation runs the service itself: every process is killed, and it is started again. */
  | { kind: "kill" };

export interface Phase {
  name: string;
  purpose: string;
  /** Load, as a multiple of the asked rate, by where in the phase we are (0 to 1). */
  load: (at: number) => number;
  /** By where in the phase they happen, in order. */
  events: readonly { at: number; event: Event }[];
  targets: Targets;
}

export interface Targets {
  /** Share of requests without a good answer, outside of the seconds around a fault of ours. */
  maxErrorShare: number;
  /** Milliseconds. */
  readP95: number;
  writeP95: number;
}

const DAY = 2 * Math.PI;

/** The phases. @param targets what is demanded of phases without faults; under faults ten times the errors are allowed. */
export function phasesOf(targets: Targets): Phase[] {
  return [
    {
      name: "ordinary days",
      purpose: "learners come and go as in a day: between half and one and a half of the asked rate",
      load: (at) => 1 + 0.5 * Math.sin(at * DAY),
      events: [],
      targets,
    },
    {
      name: "bad days",
      purpose:
        "three times the rate in the middle; publishes; the read switch at 10, 50, 100 and 0 %; the service killed",
      load: (at) => (at > 0.35 && at < 0.65 ? 3 : 1),
      events: [
        { at: 0.1, event: { kind: "publish" } },
        { at: 0.25, event: { kind: "kill" } },
        { at: 0.4, event: { kind: "switch", percent: 10 } },
        { at: 0.5, event: { kind: "switch", percent: 50 } },
        { at: 0.55, event: { kind: "publish" } },
        { at: 0.6, event: { kind: "switch", percent: 100 } },
        { at: 0.7, event: { kind: "switch", percent: 0 } },
        { at: 0.85, event: { kind: "kill" } },
      ],
      targets: { ...targets, maxErrorShare: 10 * targets.maxErrorShare },
    },
    {
      name: "calm after",
      purpose:
        "a fifth of the rate, then none: whatever waits anywhere must drain, and every promise is looked up again",
      load: (at) => (at < 0.8 ? 0.2 : 0),
      events: [{ at: 0.05, event: { kind: "publish" } }],
      targets,
    },
  ];
}
