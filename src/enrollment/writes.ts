import { FactWrites } from "./fact-writes.ts";
import { PolicyWrites } from "./policy-writes.ts";
import { SubmissionWrites } from "./submission-writes.ts";
import type { WriteTools } from "./write-tools.ts";

/** The decisions behind an enrollment's writes. Every method runs inside the object's transaction. */
export interface EnrollmentWrites {
  facts: FactWrites;
  submissions: SubmissionWrites;
  policy: PolicyWrites;
}

export function writesWith(tools: WriteTools): EnrollmentWrites {
  const facts = new FactWrites(tools);
  return { facts, submissions: new SubmissionWrites(tools, facts), policy: new PolicyWrites(tools) };
}
