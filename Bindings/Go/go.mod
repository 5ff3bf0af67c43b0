module provekeystore

go 1.21
