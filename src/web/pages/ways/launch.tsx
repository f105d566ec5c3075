import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import type { Answer } from "../../../client/index.ts";
import { isRefusal } from "../../api/problem.ts";
import { request } from "../../api/request.ts";
import { useLtiText } from "../../i18n/lti.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { Page } from "../../parts/page.tsx";
import { session } from "../../session/store.ts";

type Launched = Answer<"/api/v1/auth/launch", "post">;

/** Somebody comes from another platform: what stands behind the `#` is exchanged for a session of this window alone. */
export default function LaunchPage() {
  const text = useLtiText();
  const [, go] = useLocation();
  const isAsked = useRef(false);
  const { mutate, error } = useMutation({
    mutationFn: (token: string) =>
      request<Launched>("/auth/launch", { method: "POST", body: { token }, signedIn: false }),
    onSuccess: (answer) => {
      // Whoever is signed in in other windows stays so there.
      session.begin(answer, { keep: false });
      go(answer.to, { replace: true });
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
