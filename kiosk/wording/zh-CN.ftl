# Every sentence on the kiosk. Short, said as one says it to a neighbour; no office words.

back = 返回
to-home = 回首页

help = 帮助
help-language = 语言
help-chinese = 中文
help-english = 英文
help-letters = 字
help-usual = 平常
help-large = 大字
help-colours = 颜色
help-high-contrast = 黑底白字
help-aloud = 读给我听
help-aloud-no = 不读
help-aloud-yes = 读出来
help-volume = 声音
help-quieter = 小一点
help-louder = 大一点
hear = 读给我听
unread = 屏幕上有些话没有录音，请看一看，或者请旁边的人念给您听。
read-pause = 停一停
read-go-on = 接着听
read-again = 再听一遍

home-say = 提意见
home-find = 查进度

here = 在本机
on-road = 在路上
received = 县里已收
last-receipt = 县里最近一次收到：{ $day }
no-receipt-yet = 县里还没有收到过这台机器的意见

topics-title = 您想说哪方面的事？

begun-title = 是您说的吗？
begun-at = { $at } 有人开始说这方面的事，还没有交：
begun-mine = 是我，接着说
begun-not-mine = 不是我，我说我的

speak-title = 您想怎么说？
speak-begin = 说给它听
speak-write = 写下来
speak-helped = 请人帮我写
speak-no-microphone = 这台机器的话筒现在用不了。请写下来，或者请站里的人帮您写。
speak-try-again = 再试试话筒
speak-listening = 请说，正在听
speak-near = 靠近一点，慢慢说
speak-left = 还能说 { $seconds } 秒
speak-longer = 再加一分钟
speak-stop = 说完了
speak-hear-title = 听一听，对不对？
speak-recorded = 录了 { $seconds } 秒。可以先听一遍。
speak-silent = 好像没有录到声音。请靠近一点，再说一遍。
speak-play = 听一遍
speak-again = 重新说
speak-keep = 就这样

clear = 清空
done-writing = 写好了
writing-hint = 点下面的话，或者用拼音写
writing-hint-letters = 想说什么，就写什么
writing-full = 已经写满了。写好了就点“写好了”。
to-letters = 用拼音写
to-sentences = 常用话
to-nine = 九键
to-all-letters = 全键
to-handwriting = 用手写
look-up = 看前面
look-down = 看后面
to-marks = 数字
more-topics = 还有别的
more-sentences = 还有别的话
more-characters = 更多
letters-hint = 点拼音字母，再点要的字
erase = 删一个字
space = 空格

handwriting-title = 用手写
handwriting-square = 在方框里写一个字
handwriting-how = 写过的字在这里
handwriting-then = 写完一个字，点“下一个字”。
handwriting-meant = 是哪个字？点一下。不点也行。
handwriting-full = 已经写满了。写好了就点“写好了”。
handwriting-keys = 上、下键走笔，朗读键换方向，选择键落笔、提笔，返回键放下笔。
handwriting-boxes = 您手写了 { $boxes } 个字
handwriting-undo = 退一笔
handwriting-next = 下一个字

clear-title = 都不要了吗？
clear-yes = 都不要了
clear-no = 留着，接着写

since-title = 什么时候开始的？
since-today = 今天
since-week = 这几天
since-month = 这个月
since-longer = 更久了
since-skip = 不说这个

contact-title = 要不要留电话？
contact-why = 不留也一样办，不记名字。留了电话，办事的人能打给您；号码只有县里看得到。
contact-no = 不用留
contact-yes = 留个电话
contact-child = 我还没满十四岁

consent-title = 留电话之前，先听一听
consent-what-for = 只为这件事找您用，不做别的。
consent-who = 号码加了锁，只有县里打得开，打开要记下是谁、为什么。
consent-how-long = 事情办完后过一段时间，县里就删掉。
consent-take-back = 什么时候不想留了，拿小票到任何一台机器上都能收回。
consent-agree = 我满十四岁，同意留

phone-title = 请按您的电话号码
phone-who-sees = 号码加了锁，只有县里打得开。
phone-too-short = 号码好像少了几位，请再看一看。
phone-done = 按好了
phone-none = 不留了

name-title = 要不要留名字？
name-none = 不留名字
name-done = 写好了
to-surnames = 姓

read-back-title = 看一看，对不对？
read-back-phone = 电话：{ $phone }
read-back-name = { $name }，电话：{ $phone }
read-back-voice = 您说的话，{ $seconds } 秒
read-back-no-phone = 不留电话，不记名字
read-back-child = 不满十四岁，不问名字和电话
read-back-change = 改一改
read-back-file = 对，交上去

filed-title = 存好了
filed-number = 查进度
filed-opening = 听答复
filed-secret = 听答复的号，别给别人看
filed-hear = 把听答复的号念给我听
filed-note-down = 两个号请都记下来，或拍下来
filed-said = 您的号码是 { $number }
filed-printing = 正在印小票，请等一等
filed-printed = 小票印好了，请拿好
filed-not-printed = 小票没印出来，请记下或拍下来
filed-print-again = 再印一次
filed-next = 有网的时候，您的话自动送到县里。过些天来，点“查进度”：扫小票，或者按这两个号，就能听到答复。
filed-noted = 记好了，回首页

not-saved-title = 没有存上
not-saved-kept = 刚才没有存上。您写的话还在，没有丢。
not-saved-again-kept = 试了 { $failures } 次，还是没有存上。您写的话还在。
not-saved-disk-full = 这台机器存满了。请告诉站里的人，或者请代表来。
not-saved-read-only = 这台机器的存储卡坏了，写不进去。请告诉站里的人，或者请代表来。
not-saved-failed = 请再试一次。还不行，请告诉站里的人。
not-saved-look = 看看我写的
not-saved-again = 再试一次

find-title = 请按查进度的号
find-empty = 十位号码
find-note = 号码有十位，是您提意见时记下的。
find-too-short = 号码有十位，好像还少几位。
find-mistyped = 这个号码好像有一位按错了。请对着您记的，再看一遍。
find-not-a-slip = 这不是我们小票上的码。请按小票上的号码。
find-go = 查一查

unlock-title = 请按听答复的号
unlock-empty = 九位号码
unlock-note = 号在小票上，有九位。也可以把小票上的方块，放到扫码口扫一扫。
unlock-too-short = 号码有九位，好像还少几位。
unlock-mistyped = 好像有一位按错了。请对着小票，再看一遍。
unlock-wrong = 这个号打不开这一条。请对着小票，再看一遍。
unlock-wait = 按错了好几回。请过 { $minutes } 分钟再试，或者用小票扫码。
unlock-not-here = 现在打不开。请过一会儿再来，或者找站里的人。
unlock-go = 打开听答复

progress-title = 号码
progress-answer = 答复
progress-no-answer = 还没有答复。
progress-sealed = 这里只说办到哪一步。答复只给您本人听：扫小票上的方块，或者按听答复的号。
progress-nothing = 这个号没有配听答复的号，这里只能看办到哪一步。想听答复，请本人到县里或者站里，请县里补一个。
progress-unlock = 听答复
progress-take-back = 收回姓名电话
progress-as-of = 这是截至{ $day }的消息

unknown-here = 这台终端还没有收到这个号的消息
unknown-why = 可能是在别的地方提的，消息还没传过来。过几天再来看看，或者问问代表。

erased-here = 这个号的内容已经删除了
erased-why = 县里在{ $day }删除了它，到处都不再保存。要是您没有要求过，请问问代表。

stage-here = 您的话存在这台机器里，还没有送出去。有网的时候就送。
stage-on-road = 您的话正在往县里送，县里还没有回信说收到。
stage-received = 县里已经收到您的话，还没有办理的消息。

still-there = 还在吗？
leave-title = 不写了吗？
leave-loses-words = 回到首页，刚才写的话就没有了。
leave-keeps-words = 没有人的话，您刚才说的先替您收好。下次点“提意见”，会先问一问是不是您的。
leave-goes-home = 没有人的话，一会儿就回到首页。
leave-stay = 我还在，接着来
leave-go = 回首页

village = 村里的事
month = 本村本月 { $asked } 件，已办结 { $settled } 件
next-reception = 下一个接待日：{ $day }
no-reception = 近期没有接待日的消息
nothing-published = 现在没有公示。
notices = 公示通知
notice = 公示
matters = 大家反映的事
matter = 大家反映的事
me-too = 我也是
me-too-count = { $count } 个人说“我也是”
more-rows = 还有别的
next-page = 下一页（{ $page }/{ $pages }）

thanks-response = 您的话收好了，有网的时候送到县里。谢谢您！
thanks-ballot = 您的票投好了。选了什么，没有人知道。谢谢您！
thanks-me-too = 记下了，您也是。有网的时候送到县里。
thanks-evaluation = 您的评价收好了，有网的时候送到县里。谢谢您！
thanks-unsolved = 记下了：还没解决。县里收到以后会重新查一遍，过些天请再来看看。
thanks-misunderstood = 您说的收好了。县里收到以后，会按您的意思再看一遍。
thanks-withdrawal = 记下了。县里收到以后，就把您的姓名电话删掉。您的意见还照样办。
thanks-addition = 补充的话收好了，有网的时候送到县里。
not-asked = 这件事现在不问了，或者已经有人在这里答过了。
token-unknown = 这个号码不是这次投票的选票号。请对着纸条再看一遍，或者问问站里的人。
token-used = 这个选票号在这台机器上投过票了。一个号码只能投一次。

progress-rate = 您满意吗？
take-back-title = 收回姓名和电话？
take-back-means = 收回以后，县里就删掉您的姓名和电话，不再打给您。您的意见还照样办，拿小票还能听答复。
take-back-yes = 收回，请删掉
take-back-no = 不收回
rate-satisfied = 这个答复，您满意吗？
rate-satisfied-yes = 满意
rate-satisfied-no = 不满意
rate-solved = 您说的事，解决了吗？
rate-solved-yes = 解决了
rate-solved-no = 没解决
rate-skip = 不说，下一步
trouble-title = 这台机器有点不方便
trouble-not-enrolled = 这台机器还没有入网，现在不能用。请告诉站里的人。
trouble-elsewhere = 这张存储卡是从另一台机器上搬来的，现在不能用；卡上存的话都在。请告诉站里的人重新入网。
trouble-disk-full = 这台机器存满了，现在存不了新的话。以前存的都在。请告诉站里的人。
trouble-read-only = 这台机器的存储卡写不进去，现在存不了新的话。以前存的都在。请告诉站里的人。
trouble-no-microphone = 话筒用不了。您可以写，也可以点常用话。
trouble-no-paper = 打印机没有纸了。号码请抄下来，或者用手机拍下来。
trouble-no-printer = 打印机用不了。号码请抄下来，或者用手机拍下来。
trouble-no-date = 这台机器不知道今天是几号。您的话照样存，照样送。
trouble-not-heard = { $day }以后没有收到县里的消息。您的话存在这里，路通了就送。
trouble-rest = 别的都能用。提过的意见，照样可以查。

asked = 请您说一说
tally-of = 结果：{ $title }
subject-consultation = 征求民意
subject-vote = 民生实事票选
subject-talk = 约见代表
subject-misunderstood = 不是这个意思
subject-addition = 补充几句

consult-begin = 开始
consult-piece = 第 { $number } 页，共 { $of } 页
consult-skip = 不说这个，下一页
consult-next = 下一页
consult-end = 说完了
consult-answered = 您答了 { $count } 处。不记名字，只有县里能看。
consult-nothing = 您什么也没有说。没关系，下次再来。
consult-hand-in = 交给县里
consult-leave = 回去
article-agree = 同意
article-disagree = 不同意
article-say = 我要说
choose-most = 最多选 { $most } 样。再点一下就取消。
rank-most = 按先后点，最多 { $most } 样。再点一下就取消。
question-unknown = 这一页这台机器还显示不了，请看下一页。

vote-rules = 每户一票，最多选 { $choose } 项。选了什么没有人知道。
vote-begin = 按选票号投票
token-title = 选票号
token-empty = 十二位数字
token-note = 号码在发给您家的纸条上。机器不记号码是谁家的。
token-too-short = 还少几位，请对着纸条按完。
token-mistyped = 有一位按错了，请对着纸条再看一遍。
token-go = 打开选票
ballot-title = 请您选
ballot-chosen = 选了 { $chosen } 项，最多 { $choose } 项
ballot-more = 还有别的项目
ballot-done = 选好了
cast-title = 就投这些吗？
cast-note = 投出去就不能改了。
cast-change = 改一改
cast = 投票
tally-title = 票选结果
tally-print = 印一张
tally-counted = 共 { $tokens } 户，有效票 { $counted } 张

deputies = 找代表
deputy = 代表
deputy-code = 代表码 { $code }
deputy-talk = 约代表谈谈
deputy-no-reception = 接待日还没有定。

where-title = 在哪里？
more-places = 还有别的地方
contact-keep = 不让村里知道
read-back-kept = 只有县里能看，村里看不到。
read-back-reply = 不记名字，送到县里。

service = 维护
service-title = 维护
service-network = 网络
service-storage = 存储
service-printer = 打印机
service-last-sync = 收发
service-touch = 触摸校准
service-prompts = 录提示音
service-enrol = 入网
service-stick = U盘
service-log = 日志
service-off = 关机
service-again = 再看一次
service-more = 下一页
service-not-kept = 没有存上。请看存储卡。

pin-title = 维护密码
pin-note = 这一页给站里的人用。
pin-done = 打开
pin-wrong = 密码不对。
pin-wait = 错了几次。请等 { $seconds } 秒再试。
pin-not-set = 还没有设密码。请技术员先设好。

fact-device = 网卡
fact-cable = 连接
fact-up = 通
fact-down = 不通
fact-address = 本机地址
fact-hub = 县里的地址
fact-county = 县里
fact-road-open = 连上了
fact-road-closed = 没有连上
fact-not-enrolled = 还没有入网
fact-why = 原因
fact-name = 本机名字
fact-free = 还剩
fact-size = 一共
fact-card = 存储卡
fact-writes = 正常
fact-read-only = 写不进去
fact-own = 本机的数据
fact-place = 放在
fact-receipt = 县里最近一次签收
fact-heard = 最近一次连上
fact-never = 还没有过
fact-printer = 打印机
fact-paper = 没有报缺纸
fact-no-paper = 没有纸，或者盖子开着
fact-no-printer = 用不了，请看插头和电源
printer-test = 印一张试试
printer-none = 这台机器没有接打印机。
printer-failed = 没有印出来。请看纸、插头和电源。

touch-cross = 请点红色的十字
touch-again = 没有点准。请从第一个十字再来一次。
touch-stop = 不校准了
touch-no-panel = 这台机器没有接触摸板，不用校准。
touch-keep-title = 现在点得准吗？
touch-keep-how = 点得准，就点“点得准”。{ $seconds } 秒内没有人点，就恢复原样。
touch-keep = 点得准
touch-give-up = 恢复原样

recorder-how = 点“开始录”，照着念，念完点“说完了”。
recorder-listening = 正在录
recorder-hear = 先听一遍。好，就留下；不好，再念。
recorder-silent = 没有录到声音。请靠近一点，再念一遍。
recorder-no-microphone = 话筒现在用不了。
recorder-begin = 开始录
recorder-again = 再念
recorder-skip = 先跳过
recorder-left = 还有 { $left } 句
recorder-done = 都录好了。下次开机就用新的声音。

enrol-how = 地址要带冒号和端口，例如 10.0.0.5:4433。
enrol-hub = 县里的地址
enrol-code = 八位码
enrol-call = 入网
enrol-calling = 正在找县里，请稍等。
enrol-compare = 请和县里对一对这六个数字。一样，就请县里点同意。
enrol-done = 已经入网，名字是 { $name }。
enrol-already = 这台机器已经入网，名字是 { $name }，县里的地址是 { $hub }。
enrol-code-shape = 码不对：要八位字母和数字。
enrol-wrong-code = 县里不认这个码。请再看一遍，或者要一个新的。
enrol-wait = 错得太多。请等一分钟再试。
enrol-not-approved = 县里没有同意。
enrol-no-road = 找不到县里。请看网线和地址。
enrol-failed = 没有成功。请看日志。

carry-how = 没有网的地方，用U盘把话带到县里，再把回话带回来。U盘上的东西是锁着的，捡到的人看不了。
carry-none = 没有找到U盘。请插上，等十秒，再点“再找一次”。
carry-stick = { $name }，还能放 { $free } MB
carry-look = 再找一次
carry-other = 换一个
carry-out = 把话带出去
carry-home = 把回话带进来
carry-working = 正在读写U盘，请不要拔。
carry-written = 写好了，{ $kib } KB。可以拔了，请送到县里。
carry-read = 读好了：新消息 { $entries } 条，县里签收 { $receipts } 个。可以拔了。
carry-read-some = 读好了：新消息 { $entries } 条。有 { $parts } 处坏了，或者是给别的机器的，没有用。可以拔了。
carry-no-bundle = U盘上没有带给这里的东西。县里要先往U盘上写。
carry-full = U盘满了。请换一个，或者清一清再来。
carry-read-only = U盘写不进去。看看它的开关，或者换一个。
carry-failed = 没有办成。请把U盘拔下来再插上，再试一次；还不行，换一个。
off-title = 要关机吗？
off-what = 关了以后，村里的人用不了。存好的话都在。
off-yes = 关机
off-no = 不关
off-going = 正在关机。屏黑了再拔电源。
