import { useMutation } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useMessages } from "../../i18n/index.ts";
import { useWaysText } from "../../i18n/ways.ts";
import { rememberDevice } from "../../lib/sign-in-memory.ts";
import { BackupCodes } from "../../parts/backup-codes.tsx";
import { FaultNote } from "../../parts/fault.tsx";
import { QrCode } from "../../parts/qr.tsx";
import { session } from "../../session/store.ts";
import type { Step } from "./step.ts";

type SteppedIn = Answer<"/api/v1/auth/sign-in/second-factor", "post">;

/** The code after the password; for who must have a second factor and has none, its setting up. */
export default function SecondStep({
  step,
  trustDays,
  back,
  done,
}: {
  step: Step;
  trustDays: number;
  back: () => void;
  /** What comes after the session has begun, where that is not what the pages show then anyway. */
  done?: () => void;
}) {
  const text = useWaysText();
  const messages = useMessages();
  const [arrived, setArrived] = useState<SteppedIn | null>(null);
  const begin = (answer: SteppedIn) => {
    session.begin(answer, { keep: step.keep });
    done?.();
  };
  const send = useMutation({
    mutationFn: ({ code, trust_device }: { code: string; trust_device: boolean }) =>
      request<SteppedIn>("/auth/sign-in/second-factor", {
        method: "POST",
        body: { challenge: step.challenge, code, trust_device },
        signedIn: false,
      }),
    onSuccess: (answer) => {
      if (answer.device_token !== null) rememberDevice(step.email, answer.device_token);
      // Backup codes are shown before anything else takes the page.
      if (answer.backup_codes === null) begin(answer);
      else setArrived(answer);
    },
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const code = String(form.get("code") ?? "").trim();
    if (!send.isPending) send.mutate({ code, trust_device: form.get("trust") !== null });
  };
  if (arrived?.backup_codes != null) {
    return <BackupCodes codes={arrived.backup_codes} done={() => begin(arrived)} />;
  }
  return (
    <form className="form" onSubmit={onSubmit}>
      <h2>{step.setup === null ? text.codeTitle : text.setupTitle}</h2>
      <p>{step.setup === null ? text.codeLead : text.setupLead}</p>
      {step.setup === null ? null : (
        <>
          <QrCode text={step.setup.uri} label={text.qr} />
          <p className="fine">
            {text.setupKey} <code className="key">{step.setup.secret}</code>
          </p>
        </>
      )}
      <label className="field">
        <span>{text.code}</span>
        <input
          name="code"
          required
          maxLength={40}
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          ref={(input) => input?.focus()}
        />
      </label>
      {trustDays > 0 ? (
        <label className="check">
          <input type="checkbox" name="trust" />
          <span>{text.trust(trustDays)}</span>
        </label>
      ) : null}
      {send.isError ? <FaultNote fault={send.error} /> : null}
      <button type="submit" className="button is-primary" aria-disabled={send.isPending}>
        {send.isPending ? messages.working : text.goOn}
      </button>
      <button type="button" className="link" onClick={back}>
        {text.backToSignIn}
      </button>
    </form>
  );
}
