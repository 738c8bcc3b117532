export const helpText = `imprint: a key of its own for every device

  imprint                                   opens the station
  imprint provision --profile P.json --identity NAME=VALUE … --target PATH [--fixed-disk]
                                            makes one device: key, card, server, record
  imprint inspect --image PATH              partitions, filesystems, and where a key can go
  imprint verify-card --profile P.json --target PATH [--identity NAME=VALUE …]
                                            reads the key back; who knows it
  imprint drives                            drives, their ports, and which may be written
  imprint slots [list] | slots bind --name NAME | slots clear
                                            binds a name to the port that the next card is plugged into
  imprint status [--identity NAME=VALUE …] [--offline]
  imprint list [--json | --csv] [--identity NAME=VALUE …]
  imprint recover                           ends what a killed station left open
  imprint practice [--identity mac=…]       the whole life of a device, nothing real touched
  imprint practice-server --port N [--ca-file PATH] [--data DIR]
  imprint secret NAME < FILE                keeps a credential in the desktop's keyring

  --data DIR       the station's folder (default: $XDG_DATA_HOME/imprint)
  --practice       the practice bench's record instead of the station's (status, list, recover)
  --operator NAME  who is at work (default: the user's name)
  --json           one JSON object a line on standard output, progress included

Exit codes: 0 done, 1 unexpected, 2 usage, 3 input, 4 conflict, 5 image, 6 card, 7 server, 8 record, 9 cancelled, 10 custody
`;
