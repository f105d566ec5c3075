import { useInfiniteQuery } from "@tanstack/react-query";
import type { Answer } from "../../client/index.ts";
import { request } from "../api/request.ts";
import { useAccountText } from "../i18n/account.ts";
import { formatInstant, useLanguage } from "../i18n/index.ts";
import { useWaysText } from "../i18n/ways.ts";
import { FaultNote, Loading } from "../parts/fault.tsx";
import { Page } from "../parts/page.tsx";

type Mails = Answer<"/api/v1/system/mails", "get">;

/** An address in a mail, alone on its line. */
const LINK = /^https?:\/\/\S+$/;

/** What a local installation would have sent. */
export default function MailPage() {
  const text = useWaysText();
  const account = useAccountText();
  const language = useLanguage();
  const mails = useInfiniteQuery({
    queryKey: ["mails"],
    queryFn: ({ pageParam }) =>
      request<Mails>("/system/mails", { query: { limit: 20, cursor: pageParam ?? undefined }, signedIn: false }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 2_000,
  });
  const rows = mails.data?.pages.flatMap(({ results }) => results) ?? [];
  return (
    <Page title={text.mailTitle} lead={<p>{text.mailLead}</p>}>
      {mails.isPending ? <Loading /> : null}
      {mails.isError ? <FaultNote fault={mails.error} retry={() => void mails.refetch()} /> : null}
      {mails.isSuccess && rows.length === 0 ? <p>{text.noMail}</p> : null}
      {rows.map((mail) => (
        <article key={mail.id} className="mail">
          <h2>{mail.subject}</h2>
          <p className="fine">
            {text.mailTo(mail.to)} · <time dateTime={mail.created_at}>{formatInstant(mail.created_at, language)}</time>
          </p>
          <p className="mail-text">
            {mail.text.split("\n").map((line, at) =>
              LINK.test(line) ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text never move.
                <a key={at} href={line}>
                  {line}
                </a>
              ) : (
                `${line}\n`
              ),
            )}
          </p>
        </article>
      ))}
      {mails.hasNextPage ? (
        <button type="button" className="button" onClick={() => void mails.fetchNextPage()}>
          {account.more}
        </button>
      ) : null}
    </Page>
  );
}
