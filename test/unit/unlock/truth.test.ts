import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compile,
  evaluateNode,
  FALSE,
  layOut,
  NONE,
  type Rule,
  ruleHolds,
  scopeOf,
} from "../../../src/unlock/index.ts";
import { cases, EPOCH, learnerRecord, outline, problem } from "../../support/unlock/courses.ts";

describe("the threads of a rule", () => {
  it("lead to the result of the rule's tree, for any rule, learner and instant", () => {
    const seen = { held: 0, failed: 0 };
    fc.assert(
      fc.property(cases(), ({ course, record, now }) => {
        const program = compile(course);
        const scope = scopeOf(program, layOut(program, record), now);
        program.roots.forEach((root, item) => {
          const holds = root === NONE || evaluateNode(scope, root, item) !== FALSE;
          expect(ruleHolds(scope, item)).toBe(holds);
          if (root !== NONE) seen[holds ? "held" : "failed"] += 1;
        });
      }),
      { numRuns: 250 },
    );
    expect(seen.held).toBeGreaterThan(200);
    expect(seen.failed).toBeGreaterThan(200);
  });

  it("evaluate no more conditions than are needed", () => {
    const leaf = (name: string): Rule => ({ completed: `demo.${name}` });
    const names = ["a", "b", "c", "d"];
    const rule: Rule = { all: [leaf("a"), { any: [leaf("b"), { not: { all: [leaf("c"), leaf("d")] } }] }] };
    const program = compile(outline([], [...names.map((name) => problem(name)), problem("z", null, rule)]));
    const asked = (...done: string[]) => {
      const facts = Object.fromEntries(done.map((name) => [name, { completed_at: EPOCH }]));
      const { nodes, entries } = program;
      const scope = scopeOf(program, layOut(program, learnerRecord(facts)), EPOCH);
      let path = "";
      for (let node = entries[4] ?? NONE; node >= 0; ) {
        path += names[nodes.arg[node] ?? NONE];
        node = (evaluateNode(scope, node, 4) === FALSE ? nodes.whenFalse[node] : nodes.whenTrue[node]) ?? NONE;
      }
      return path;
    };
    expect(asked()).toBe("a");
    expect(asked("a", "b")).toBe("ab");
    expect(asked("a")).toBe("abc");
    expect(asked("a", "c", "d")).toBe("abcd");
  });
});
