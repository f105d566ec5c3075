import { ApiProblem } from "../../api/problem.ts";

/** What the refusal of a sign-in says about the step that is missing. */
export interface Step {
  challenge: string;
  setup: { secret: string; uri: string } | null;
  email: string;
  keep: boolean;
}

/** The step that a refusal asks for; null for any other fault. */
export function stepIn(fault: unknown, email: string, keep: boolean): Step | null {
  if (!(fault instanceof ApiProblem) || fault.problem.code !== "second_factor_required") return null;
  // SAFETY: the API's document gives every problem with this code these members, and its tests compare.
  const { challenge, setup } = fault.problem as unknown as Pick<Step, "challenge" | "setup">;
  return { challenge, setup, email, keep };
}
