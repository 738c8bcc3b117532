export const helpText = `imprint: a key of its own for every device

  imprint                                   opens the station
  imprint provision --profile P.json --identity NAME=VALUE … --target PATH [--fixed-disk]
                   [--batch B] [--replace]  makes one device: key, card, server, record
                                            (no --identity where the batch has a counter)
  imprint inspect --image PATH              partitions, filesystems, and where a key can go
  imprint verify-card --profile P.json --target PATH [--identity NAME=VALUE …]
                                            reads the key back; who knows it
  imprint renew --profile P.json --target PATH [--fixed-disk] | --slot NAME
                                            gives a card anew what its server gave it, with the key on it
  imprint sign-request --profile P.json --target PATH [--body TEXT | --file PATH]
                   [--device-id ID] [--timestamp T] [--nonce N]
                                            a request signed by the key on a card, as its device does it
  imprint doctor [--profile P.json]         whether cards can be made here, and what mends what is wrong
  imprint diagnostics -o FILE.zip [--profile P.json]
                                            the same and more for whoever helps, without secrets
  imprint drives                            drives, their ports, and which may be written
  imprint drives --reset PORT|SLOT          resets a USB reader that does not answer any more
  imprint command-codes -o FILE.pdf         the barcodes that work the bench by scanner
  imprint slots health [--practice]         failed cards by slot, lot and card
  imprint slots layout [--columns N|auto] [--order ORDER]
                                            how the slots stand on the desk
  imprint slots [list] | slots bind --name NAME | slots clear
                                            binds a name to the port that the next card is plugged into
  imprint status [--identity NAME=VALUE …] [--offline]
  imprint status --watch --profile P.json [--batch B] [--until-accepted] [--interval SECONDS]
                                            what has become of the devices at the server, as it changes
  imprint watch --once --profile P.json [--everything]
                                            asks the server once about every device that is due
  imprint batch [list | show --batch B] [--state S …]
                                            what was ordered, how far it is, and what is left
  imprint batch create --batch B --profile P.json --open | --count NAME=PREFIX+FIRST[/STEP] …
                   [--quantity N] [--customer C] [--work-order W] [--pallet P]
  imprint batch import --batch B --profile P.json --file LIST.csv|- [--column NAME=COLUMN …]
                   [--no-header] [--only-good] [--customer C] [--work-order W] [--pallet P]
                                            orders a batch: counted, open-ended, or a list of identities
  imprint batch pause | resume | close --batch B
  imprint sign-off --batch B [--remark T]   QA's word that a batch may leave
  imprint list [--json | --csv] [--identity NAME=VALUE …] [--batch B]
  imprint audit --profile P.json [--json | --csv]
                                            the record against the server, both ways
  imprint report [--from MOMENT] [--until MOMENT] [--batch B] [--made-by NAME] [-o FILE.pdf] [--anchor]
                                            the shift: counts, yield, failures, speed, head of the log
  imprint dashboard [--json]                today and the last 30 days
  imprint export --to PATH [--zip] [--from DATE] [--until DATE] [--batch B] [--profile NAME]
                   [--state S …] [--public-keys] [--receipts] [--pdf | --no-pdf]
                                            the record and its log for auditors, signed
  imprint verify-export PATH [--key TEXT] [--anchor FILE …]
                                            whether an export is as it was made; names what is not
  imprint export-key import FILE.p12        signs exports with a key from an authority
  imprint log [status | key | checkpoint | check | renew-key]
                                            the tamper-evident log: head, public key, signed head, self-check
  imprint log anchor --file PATH | --url URL
                                            brings the signed head to where nobody here can change it
  imprint log receipt --identity NAME=VALUE … [--entry N] -o FILE.tlog-proof
  imprint log consistency --from OLDER.txt -o FILE
  imprint log cosign --file REPLY --witness KEY
  imprint verify-proof FILE --key KEY [--anchor OLDER.txt]
                                            a receipt, or the proof between two signed heads; needs no record
  imprint backup --to FOLDER|FILE           a copy of the record in use, read once more
  imprint restore --from FILE [--override REASON]
                                            puts a backup in the place of the record
  imprint update [status] | check FILE      which versions are here; whether a signed update fits
  imprint update feed | fetch               what the feed of the settings offers; brings it here and checks its signature
  imprint update apply [FILE] [--roll-back] [--profile P.json] [--install DIR] [--override REASON]
  imprint update roll-back [--override REASON]
                                            puts another version here; back to the one before
  imprint import --file DEVICES.csv         makes devices of other tools known
  imprint decommission --profile P.json --identity NAME=VALUE … --confirm VALUE
                   [--reason REASON] [--card PATH]
                                            takes a device off the server; its identity is free then
  imprint certificates [--expiring-within 30d] [--state STATE] [--issuer TEXT]
                   [--identity NAME=VALUE …] [--json | --csv]
                                            which certificate expires when, soonest first
  imprint outbox [--profile P.json]         verified cards that wait for their server; sends them
  imprint label preview --profile P.json --identity NAME=VALUE … -o FILE.(svg|pdf|zpl)
                                            the label of a device as it would be printed
  imprint label print --profile P.json --identity NAME=VALUE … --reason TEXT
                                            prints the label of a finished device again
  imprint label queue [--profile P.json]    labels that wait for their printer; prints them
  imprint label queue --decide N --answer printed|again|give-up
                                            says what became of a label of which the station does not know it
  imprint recover [--profile P.json]        ends what a killed station left open
  imprint hooks [list] | test | retry [--entry N] | skip --entry N   (each with --url URL)
                                            webhooks: how far each receiver is; sends, goes on, leaves one out
  imprint integrate [--once] [--profile P.json]
                                            webhooks, folder and endpoint of an MES, without a window
  imprint practice [--server KIND] [--identity NAME=VALUE …]
                                            the whole life of a device, nothing real touched
  imprint practice-server --port N [--server KIND] [--ca-file PATH] [--data DIR]
  imprint secret NAME < FILE                keeps a credential in the desktop's keyring
  imprint language [en | de | zh-Hans | system]
                                            what the window speaks, from its next start on
  imprint operators init --admin NAME | --single-person
                                            who works at this station: people who sign in, or one person
  imprint operators list | add --name NAME --role ROLE [--badge] | role --name NAME --role ROLE
                   | pin --name NAME | badge --name NAME [--no-badge] | disable --name NAME
                   | enable --name NAME | idle --minutes N
  imprint operators my-pin --operator NAME  another PIN of one's own

  --data DIR       the station's folder (default: $XDG_DATA_HOME/imprint)
  --server KIND    which practice server, also for the window: mender, iot-bridge, openmdm, openmdm-hmac (default: the last)
  --practice       the practice bench's record instead of the station's (status, list, batch, recover, certificates, report,
                   dashboard, export, log, doctor, diagnostics)
  --operator NAME  who is at work (default: the user's name); with operators, who signs in: the PIN
                   comes from IMPRINT_PIN or is asked for
  --role ROLE      technician, qa, auditor, admin or lab (default: lab, which may do everything);
                   refused where the station has operators
  --json           one JSON object a line on standard output, progress included

Exit codes: 0 done, 1 unexpected, 2 usage, 3 input, 4 conflict, 5 image, 6 card, 7 server, 8 record, 9 cancelled, 10 custody, 11 label
`;
