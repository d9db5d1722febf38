# What `kiosk prompts` says on the terminal. Nobody reads these on the kiosk's screen, so none of them is spoken.

prompts-spoken = 本地录音
prompts-placeholder = 机器代读
prompts-stale = 与文字不符
prompts-missing = 没有录音
prompts-counts = 共 { $all } 条：本地录音 { $spoken }，机器代读 { $placeholder }，与文字不符 { $stale }，没有录音 { $missing }

record-how = 屏幕上出现一句，就念一句。念之前按回车，念完再按回车。
record-read = 请念（{ $place }/{ $all }）：{ $says }
record-begin = 按回车开始；输入 s 跳过这句，q 结束：
record-end = 正在录，念完按回车：
record-heard = 录了 { $seconds } 秒。正在放给您听。
record-quiet = 没有听到声音。请靠近话筒，再念一遍。
record-cut = 话筒断了。请看看接线，再念一遍。
record-keep = 按回车保留；输入 a 再念一遍，s 跳过，q 结束：
record-kept = 已保存。
record-done = 都念完了。
record-no-microphone = 没有话筒：{ $why }
record-no-loudspeaker = 放不出声音：{ $why }
pin-ask = 新的维护密码（PIN，六到十二位数字）：
pin-kept = 维护密码设好了。
