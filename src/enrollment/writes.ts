import type { Result } from "../platform/results.ts";
import type { readJudge } from "../unlock/index.ts";
import { FactWrites } from "./fact-writes.ts";
import { PolicyWrites } from "./policy-writes.ts";
import { regrade } from "./regrade-writes.ts";
import type { Regraded, RegradeRequest } from "./requests.ts";
import { SubmissionWrites } from "./submission-writes.ts";
import type { WriteTools } from "./write-tools.ts";

/** The decisions behind an enrollment's writes. Every method runs inside the object's transaction. */
export interface EnrollmentWrites {
  facts: FactWrites;
  submissions: SubmissionWrites;
  policy: PolicyWrites;
  regrade(request: RegradeRequest, now: number, judge: Awaited<ReturnType<typeof readJudge>>): Result<Regraded>;
}

export function writesWith(tools: WriteTools): EnrollmentWrites {
  const facts = new FactWrites(tools);
  const submissions = new SubmissionWrites(tools, facts);
  return {
    facts,
    submissions,
    policy: new PolicyWrites(tools),
    regrade: (request, now, judge) => regrade(tools, submissions, request, now, judge),
  };
}
