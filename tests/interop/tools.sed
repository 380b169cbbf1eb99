s/[A-Za-z0-9_-]{22}/ID/g
s/(LeaderEpoch|HighWatermark|MaxFollowerLag|MaxFollowerLagTimeMs): +-?[0-9]+/\1: N/g
s/1[67][0-9]{11}/TIME/g
s/"(size|totalBytes|usableBytes)":[0-9]+/"\1":N/g
s/\[20[0-9]{2}-[0-9-]+ [0-9:,]+\] //g
s/Epoch: [0-9]+$/Epoch: N/
