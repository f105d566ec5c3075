import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Answer } from "../../../client/index.ts";
import { ApiProblem, isRefusal } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import { useLtiText } from "../../i18n/lti.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { session } from "../../session/store.ts";
import SecondStep from "./second-step.tsx";
import { type Step, stepIn } from "./step.ts";

type Launched = Answer<"/api/v1/auth/launch", "post">;

/** Somebody comes from another platform: what stands behind the `#` is exchanged for a session of this window alone. */
export default function LaunchPage() {
  const text = useLtiText();
  const [, go] = useLocation();
  const isAsked = useRef(false);
  const [next, setNext] = useState<{ step: Step; to: string } | null>(null);
  const { mutate, error } = useMutation({
    mutationFn: (token: string) =>
      request<Launched>("/auth/launch", { method: "POST", body: { token }, signedIn: false }),
    onSuccess: (answer) => {
      // Whoever is signed in in other windows stays so there.
      session.begin(answer, { keep: false });
      go(answer.to, { replace: true });
    },
    onError: (fault) => {
      const step = stepIn(fault, "", false);
      if (step === null || !(fault instanceof ApiProblem)) return;
      // SAFETY: the API's document gives the refusal of a launch this member, and its tests compare.
      const { to } = fault.problem as unknown as { to: string };
      setNext({ step, to });
    },
  });
  useEffect(() => {
    if (isAsked.current) return;
    isAsked.current = true;
    const token = location.hash.slice(1);
    // It is good once: the history of the browser need not have it.
    history.replaceState(null, "", location.pathname);
    mutate(token);
  }, [mutate]);
  if (next !== null) {
    return (
      <Page title={text.arriving}>
        <SecondStep
          step={next.step}
          trustDays={0}
          back={() => go("/sign-in")}
          done={() => go(next.to, { replace: true })}
        />
      </Page>
    );
  }
  if (error === null) return <Loading />;
  const isGone = isRefusal(error, "link_invalid") || isRefusal(error, "invalid_input");
  return (
    <Page title={text.arriving}>
      {isGone ? (
        <div className="note is-bad" role="alert">
          <div>
            <strong>{text.gone}</strong>
            <p>{text.goneText}</p>
          </div>
        </div>
      ) : (
        <FaultNote fault={error} />
      )}
    </Page>
  );
}
