import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { isAbsent, isRefusal } from "../api/problem.ts";
import { request } from "../api/request.ts";
import { useLanguage } from "../i18n/index.ts";
import { useLearningText } from "../i18n/learning.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { KeyholeMark } from "../parts/icons.tsx";
import { Page } from "../parts/page.tsx";
import type { PublicCertificate } from "./learning/api.ts";

/** A certificate, for anybody who has its address: nobody signs in to check one. */
export default function CertificatePage({ id }: { id: string }) {
  const text = useLearningText();
  const language = useLanguage();
  const path = `/certificates/${encodeURIComponent(id)}`;
  const seen = useQuery({
    queryKey: ["certificate", id, language],
    queryFn: () => request<PublicCertificate>(path, { query: { lang: language }, signedIn: false }),
    staleTime: 0,
  });
  const save = useMutation({
    mutationFn: async () => {
      const answer = await fetch(`/api/v1${path}/credential?lang=${language}`);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const jwt = await answer.text();
      saveAs(`certificate-${id}.json`, JSON.stringify({ credential: jwt, ...payloadOf(jwt) }, null, 2));
    },
  });
  useNotIndexed();
  if (isRefusal(seen.error, "certificate_gone")) {
    return (
      <Page title={text.certificateGone}>
        <p>{text.certificateGoneText}</p>
      </Page>
    );
  }
  if (
    isAbsent(seen.error) ||
    isRefusal(seen.error, "certificate_not_found") ||
    isRefusal(seen.error, "invalid_input")
  ) {
    return (
      <Page title={text.certificateNone}>
        <p>{text.certificateNoneText}</p>
      </Page>
    );
  }
  if (seen.data === undefined) {
    return (
      <Page title={text.certificateTitle}>
        {seen.isError ? <FaultNote fault={seen.error} retry={() => void seen.refetch()} /> : <Loading />}
      </Page>
    );
  }
  const { title, holder, issued_at, revoked_at, status, address } = seen.data;
  return (
    <Page title={text.certificateTitle}>
      <article className="certificate" data-status={status}>
        <KeyholeMark />
        <p className="fine">{text.certificateFor}</p>
        <p className="certificate-holder">{holder}</p>
        <p className="fine">{text.certificateHas}</p>
        <p className="certificate-course">{title}</p>
        <p>{text.certificateOn(dateIn(issued_at, language))}</p>
        <p className="certificate-status">
          {revoked_at === null ? text.certificateValid : text.certificateNotValid(dateIn(revoked_at, language))}
        </p>
        <p className="fine certificate-address">
          {text.certificateAddress}: {address}
        </p>
      </article>
      <p className="fine">{text.certificateChecked}</p>
      <p className="buttons no-print">
        <button
          type="button"
          className="button is-primary"
          aria-disabled={save.isPending}
          onClick={() => {
            if (!save.isPending) save.mutate();
          }}
        >
          {text.certificateDownload}
        </button>
        <button type="button" className="button" onClick={() => window.print()}>
          {text.certificatePrint}
        </button>
      </p>
      <p className="fine no-print">{text.certificateHint}</p>
      {save.isError ? <FaultNote fault={save.error} /> : null}
    </Page>
  );
}

/** The day, in the time zone of whoever looks. */
function dateIn(instant: string, language: "en" | "zh"): string {
  const format = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { dateStyle: "long" });
  return format.format(new Date(instant));
}

/** What a JWT says, for people to read beside it. Whoever relies on it checks the JWT. */
function payloadOf(jwt: string): object {
  const [, payload = ""] = jwt.split(".");
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
    letter.charCodeAt(0),
  );
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return typeof value === "object" && value !== null ? { content: value } : {};
}

function saveAs(name: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Search engines leave out who holds which certificate; the header of the page says the same. */
function useNotIndexed(): void {
  useEffect(() => {
    const robots = document.createElement("meta");
    robots.name = "robots";
    robots.content = "noindex";
    document.head.append(robots);
    return () => robots.remove();
  }, []);
}
