# What stands on the paper. No name, nothing of what was said: the paper may be lost.

receipt-number = 查办到哪一步，按这个号：
receipt-opening = 听答复，按这个号：
receipt-secret = 这个号和下面的方块，别给别人
receipt-filed-on = { $day } 交上来的
receipt-saved = 您的话已经存在这台机器里，有网的时候自动送到县里。
receipt-look = 过些天来，到县里任何一台机器，点“查进度”：扫上面的方块，或者按这两个号，就能听到答复。
receipt-test = 试印
receipt-test-reads = 字看得清楚，下面的线不断，打印机就是好的。这张纸上没有号码，可以扔掉。
receipt-keep = 纸上没有名字，也没有您说的话。请收好；丢了，请本人到县里补。
receipt-tally = 票选结果
receipt-tally-counted = 共 { $tokens } 户，有效票 { $counted } 张
receipt-tally-by = 县里公布，截至 { $day }
