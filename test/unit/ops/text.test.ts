import { describe, expect, it } from "vitest";
import { counter, gauge, gaugeBy, prometheusText } from "../../../src/platform/metrics/family.ts";

describe("Prometheus' text format", () => {
  it("escapes characters that would end a label or a line, and leaves out unknown values", () => {
    const text = prometheusText([
      counter("a_total", "One\nand \\ two", 3),
      gauge("b", "Nobody knows.", null),
      gaugeBy("c", "By what.", "what", [
        ['say "x"\n\\', 1],
        ["y", null],
      ]),
    ]);
    expect(text).toBe(`# HELP a_total One\\nand \\\\ two
# TYPE a_total counter
a_total 3
# HELP b Nobody knows.
# TYPE b gauge
# HELP c By what.
# TYPE c gauge
c{what="say \\"x\\"\\n\\\\"} 1
`);
  });

  it("writes a histogram's buckets, sum and count", () => {
    const samples = [
      {
        labels: { route: "/x" },
        buckets: [
          [0.5, 1],
          [Number.POSITIVE_INFINITY, 3],
        ] as const,
        sum: 2.25,
      },
    ];
    expect(prometheusText([{ name: "h", help: "H.", type: "histogram", samples }])).toBe(`# HELP h H.
# TYPE h histogram
h_bucket{route="/x",le="0.5"} 1
h_bucket{route="/x",le="+Inf"} 3
h_sum{route="/x"} 2.25
h_count{route="/x"} 3
`);
  });
});
