import { loadReadSwitch } from "../mirror/index.ts";
import { gauge } from "../platform/metrics/family.ts";
import type { Section } from "../platform/metrics/section.ts";

/** The state of the read switch: somebody who sees reads from the fallback must know whether they were wanted. */
export const switchSection: Section = {
  name: "switch",
  async read(env) {
    const { realtime_percent } = await loadReadSwitch(env);
    return [
      gauge(
        "read_switch_percent",
        "Share of the enrollments whose reads go to D1 instead of their objects.",
        realtime_percent,
      ),
    ];
  },
};
