import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useId, useState } from "react";
import { Link } from "wouter";
import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage, useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type Certificates, peopleKey, usePeopleWrite } from "./api.ts";

/** A learner's certificate of the course, with the button to revoke it. */
export function LearnerCertificate(props: { course: string; user: string; mayManage: boolean }) {
  const { course, user, mayManage } = props;
  const text = usePeopleText();
  const messages = useMessages();
  const language = useLanguage();
  const id = useId();
  const [reason, setReason] = useState("");
  const found = useQuery({
    queryKey: [...peopleKey(course), "learner", user, "certificate", language],
    queryFn: () =>
      request<Certificates>(`/courses/${course}/certificates`, { query: { lang: language, user_id: user } }),
  });
  const certificate = found.data?.results[0];
  const revoke = usePeopleWrite(course, (body: { reason: string }) =>
    request(`/courses/${course}/certificates/${certificate?.id}/revoke`, { method: "POST", body }),
  );
  if (found.isError) return <FaultNote fault={found.error} retry={() => void found.refetch()} />;
  if (certificate === undefined) return null;
  const { issued_at, revoked_at } = certificate;
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!revoke.isPending && window.confirm(text.certificateRevokeSure)) revoke.mutate({ reason });
  };
  return (
    <section aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{text.certificate}</h2>
      <p>
        {text.certificateIssued(formatInstant(issued_at, language))}{" "}
        {revoked_at === null ? null : text.certificateRevoked(formatInstant(revoked_at, language))}{" "}
        {certificate.reason === null ? null : `${text.reason}: ${certificate.reason}`}{" "}
        <Link href={`/certificates/${certificate.id}`}>{text.certificateSee}</Link>
      </p>
      {mayManage && revoked_at === null ? (
        <form className="inline-form" onSubmit={onSubmit}>
          <label className="field">
            <span>{text.certificateReason}</span>
            <input
              value={reason}
              required
              maxLength={500}
              aria-describedby={`${id}-reason`}
              onChange={(event) => setReason(event.target.value)}
            />
            <span className="fine" id={`${id}-reason`}>
              {text.certificateReasonHint}
            </span>
          </label>
          <button type="submit" className="button" aria-disabled={revoke.isPending}>
            {revoke.isPending ? messages.working : text.certificateRevoke}
          </button>
        </form>
      ) : null}
      {revoke.isError ? <FaultNote fault={revoke.error} /> : null}
    </section>
  );
}
