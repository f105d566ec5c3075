import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useSignOnText } from "../../i18n/sign-on.ts";
import { takeFlow } from "../../lib/sign-on-memory.ts";
import { FaultNote } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { session } from "../../session/store.ts";
import SecondStep from "./second-step.tsx";
import { type Step, stepIn } from "./step.ts";

type SignedIn = Answer<"/api/v1/auth/sign-on/{provider}/complete", "post">;

/** Where an identity provider sends the browser back to. */
export default function SignOnReturnPage({ provider }: { provider: string }) {
  const text = useSignOnText();
  const [, navigate] = useLocation();
  const [step, setStep] = useState<Step | null>(null);
  const enter = useMutation({
    mutationFn: async () => {
      const answer = location.search.slice(1);
      // The code is good once: neither the address bar nor the history keeps it.
      history.replaceState(null, "", location.pathname);
      const flow = takeFlow(provider);
      if (flow === null || answer === "") return "lost" as const;
      try {
        const path = `/auth/sign-on/${encodeURIComponent(provider)}/complete`;
        const signedIn = await request<SignedIn>(path, { method: "POST", body: { flow, answer }, signedIn: false });
        session.begin(signedIn, { keep: true });
        navigate("/courses", { replace: true });
      } catch (fault) {
        const next = stepIn(fault, "", true);
        if (next === null) throw fault;
        setStep(next);
      }
      return "done" as const;
    },
  });
  const begun = useRef(false);
  const { mutate } = enter;
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    mutate();
  }, [mutate]);
  if (step !== null) {
    return (
      <Page title={text.returnTitle}>
        <SecondStep step={step} trustDays={0} back={() => navigate("/sign-in")} />
      </Page>
    );
  }
  const isLost = enter.data === "lost";
  return (
    <Page title={enter.isError || isLost ? text.failed : text.returnTitle}>
      {enter.isError ? <FaultNote fault={enter.error} /> : null}
      {isLost ? <p role="alert">{text.lost}</p> : null}
      {enter.isError || isLost ? (
        <Link className="button" href="/sign-in">
          {text.again}
        </Link>
      ) : (
        <p role="status">{text.returning}</p>
      )}
    </Page>
  );
}
