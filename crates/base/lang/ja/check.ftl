# The set-up check (crates/fubako/src/check).
check-title = 全体
check-title-section = セクション { $section }
check-well = 問題は見つかりませんでした(注意 { $warnings }件、確認できなかった項目 { $unknown }件)。
check-not-well = 修正が必要な項目が { $wrong }件あります(注意 { $warnings }件、確認できなかった項目 { $unknown }件)。
check-database-there = データベースは応答しています。
check-database-away = データベースが応答しません: { $cause }
check-database-away-next = データベースの稼働状況と database.url を確認してください。
check-storage-works = ファイルの保管先({ $about })に書き込み、読み出し、削除ができます。
check-storage-away = ファイルの保管先({ $about })を使えません: { $cause }
check-storage-away-next = 保管先の空き容量、アクセス権、files の設定を確認してください。直るまで、メールは受け付けられません。
check-clock-right = 時計は { $about } と合っています。
check-clock-off = 時計が { $about } と { $seconds } 秒ずれています。
check-clock-off-next = 時刻同期(chrony、systemd-timesyncdなど)を有効にしてください。署名、証明書、期限の判定を誤ります。
check-clock-away = タイムサーバ { $about } が応答しないため、時計を確認できませんでした。
check-clock-away-next = check.time_server に、社内などから利用できるタイムサーバを指定してください。
check-clock-not-asked = 時計は確認していません(check.time_server が空です)。
check-clock-not-asked-next = 確認するには、check.time_server にタイムサーバを指定してください。
check-host-there = ホスト名 { $about } は、DNSでアドレスを引けます。
check-host-missing = ホスト名 { $about } は、DNSでアドレスを引けません。
check-host-missing-next = { $about } のA(またはAAAA)レコードを登録するか、smtp.hostname に登録済みの名前を指定してください。
check-reverse-there = { $about } の逆引きは { $host } です。
check-reverse-missing = { $about } の逆引きが { $host } になっていません。
check-reverse-missing-next = 回線事業者に、{ $about } の逆引き(PTR)を { $host } とするよう依頼してください。逆引きのない送信元のメールは、多くのサーバが拒否します。
check-dns-away = { $about } をDNSで確認できませんでした: { $cause }
check-dns-away-next = DNSサーバ(dns.servers)の応答を確認し、もう一度実行してください。
check-url-safe = ダウンロード画面のアドレスは { $about } です。
check-url-not-safe = ダウンロード画面のアドレス { $about } は、https:// ではありません。
check-url-not-safe-next = http.public_url に https:// のアドレスを指定してください。ファイルパスワードが暗号化されずに送られます。
check-certificate-good = { $about } の証明書は有効です。
check-certificate-soon = { $about } の証明書は、21日以内に有効期限が切れます。
check-certificate-soon-next = 証明書を更新してください。
check-certificate-wrong = { $about } の証明書に問題があります: { $cause }
check-certificate-wrong-next = { $about } の名前で、公的な認証局から発行された証明書(中間証明書を含む)を tls.certificate と tls.key に指定してください。
check-certificate-awaited = ACMEによる証明書をまだ取得できていません({ $about } など)。
check-certificate-awaited-next = 理由は fubako serve のログ(ACME)をご覧ください。どの名前も、443番ポートで http.listen に届く必要があります。
check-certificate-self-signed = SMTPの証明書は、自動で作成した自己署名のものです({ $about })。
check-certificate-self-signed-next = 公的な認証局の証明書を tls.certificate と tls.key に指定するか、tls.acme で自動取得してください。証明書を検証するメールサーバ(Exchange Onlineなど)は、接続できません。
check-certificate-provider = { $about } は { $provider } から送信していますが、SMTPの証明書は自動で作成した自己署名のものです。ガイドのとおりに設定した { $provider } は証明書を検証しますので、接続できません。
check-certificate-provider-next = 公的な認証局の証明書を tls.certificate と tls.key に指定してください。
check-listener-there = { $about } は接続を受け付けています(このマシンから確認)。
check-listener-silent = { $about } は接続を受け付けていません。
check-listener-silent-next = このマシンで fubako serve が動作中なら、ログを確認してください。動かしていないときは、問題ありません。
check-smarthost-there = 中継先 { $about } は応答し、TLSで暗号化できます。
check-smarthost-plain = 中継先 { $about } は応答しますが、TLSで暗号化できません。
check-smarthost-plain-next = 中継先でSTARTTLSを有効にしてください。
check-smarthost-away = 中継先 { $about } に接続できません: { $cause }
check-smarthost-away-next = relay.smarthost の設定と、中継先までの経路(ファイアウォールなど)を確認してください。
check-scanner-finds = ウイルス検査({ $about })は、テスト用ファイルを検出しました({ $found })。
check-scanner-none = ウイルス検査を行わない設定です(scanner.clamd = "none")。
check-scanner-none-next = clamdを用意し、scanner.clamd に指定してください。
check-scanner-away = ウイルス検査({ $about })を利用できません: { $cause }
check-scanner-away-next = clamdの稼働状況と scanner.clamd の設定を確認してください。直るまで、添付ファイルはお預かりされずに待ちます。
check-scanner-blind = ウイルス検査({ $about })が、テスト用ファイル(EICAR)を検出しません。
check-scanner-blind-next = clamdのウイルス定義(freshclam)を確認してください。
check-scanner-tells-encrypted = ウイルス検査({ $about })は、中を見られない暗号化アーカイブを「問題なし」とせず、区別して答えます。
check-scanner-passes-encrypted = ウイルス検査({ $about })は、中を見られない暗号化アーカイブを「問題なし」と答えます。
check-scanner-passes-encrypted-next = clamd.conf に AlertEncrypted yes の行を加えて、clamdを再起動してください。
check-scanner-stops-early = ウイルス検査({ $about })は、アーカイブに暗号化されたファイルがあると、隣にあるウイルスを検出しません。
check-scanner-stops-early-next = clamd.conf の HeuristicScanPrecedence を no にして(または行を消して)、clamdを再起動してください。
check-scanner-tells-limits = ウイルス検査({ $about })は、上限を超えて中を見きれないアーカイブを「問題なし」とせず、区別して答えます。
check-scanner-passes-limits = ウイルス検査({ $about })は、上限を超えて中を見きれないアーカイブを「問題なし」と答えます。
check-scanner-passes-limits-next = clamd.conf に AlertExceedsMax yes の行を加え(MaxRecursion は既定値のまま)、clamdを再起動してください。
check-spf-passes = { $about } のSPFは、{ $host } からの送信を認めています。
check-spf-missing = { $about } に、SPFレコードがありません。
check-spf-missing-next = { $about } のTXTレコードに、{ $host } を含むSPF(例: v=spf1 a:{ $host } -all)を登録してください。登録がないと、中継したメールやお預かり通知メールが迷惑メールとして扱われます。
check-spf-not-us = { $about } のSPFは、{ $host }({ $address })からの送信を認めていません: { $cause }
check-spf-not-us-next = { $about } のSPFレコードに a:{ $host } または ip4/ip6 の { $address } を加えてください。
check-spf-broken = { $about } のSPFレコードに誤りがあります: { $cause }
check-spf-broken-next = SPFレコードを修正してください。DNSの問い合わせは10回までです。
check-spf-unknown = { $about } のSPFが、実際の送信元({ $host })を認めているかは、ここからは確認できません。
check-spf-unknown-next = 中継先のサーバの送信元アドレスが、{ $about } のSPFレコードに含まれることを確認してください。
check-record-twice = { $about } に、{ $version } のレコードが複数あります。
check-record-twice-next = ひとつにまとめてください。複数あるときは、いずれも無効です。
check-dkim-published = DKIMの公開鍵 { $about } は、正しく登録されています。
check-dkim-missing = DKIMの公開鍵 { $about } が登録されていません。
check-dkim-missing-next = { $about } のTXTレコードに次の値を登録してください: { $record }
check-dkim-different = { $about } に登録されたDKIMの公開鍵は、署名に使う鍵のものではありません。
check-dkim-different-next = { $about } のTXTレコードを次の値に変更してください: { $record }
check-dkim-none = { $about } の署名用の鍵がありません。中継するメールには、このシステムのドメインで署名します。
check-dkim-none-next = セクションの画面(運営者)で鍵を作るか、宣言ファイルの dkim に { $about } を加えて fubako apply を実行し、表示されるレコードを登録してください。
check-dkim-key = { $about } の署名用の鍵を開けません: { $cause }
check-dkim-key-next = マスターキー(keys.master)が、この環境のものであることを確認してください。
check-dmarc-published = { $about } のDMARCポリシーは { $policy } です。
check-dmarc-missing = { $about } に、DMARCレコードがありません。
check-dmarc-missing-next = _dmarc.{ $about } のTXTレコードに、まず「v=DMARC1; p=none; rua=mailto:(集計レポートの宛先)」を登録することをお勧めします。
check-dmarc-broken = { $about } のDMARCレコードに誤りがあります: { $record }
check-dmarc-broken-next = p= に none、quarantine、reject のいずれかを指定してください。
check-mx-there = { $about } は、メールを受け取れます(送信者への通知が届きます)。
check-mx-missing = { $about } に、MXレコードがありません。送信者への通知が届かないおそれがあります。
check-mx-missing-next = { $about } のMXレコードを登録してください。
check-section-on = セクション { $about } は、メール連携に必要な設定が有効です。
check-section-off = セクション { $about } は、停止中です。
check-section-off-next = 宣言ファイルで enabled = true として、fubako apply を実行してください。
check-option-off = セクション { $about } のメール連携オプションが無効です。メールは受け付けられません。
check-option-off-next = 宣言ファイルで mail_link = true として、fubako apply を実行してください。
check-autopilot-off = セクション { $about } のオートパイロットが無効です。添付ファイルをお預かりできません。
check-autopilot-off-next = 宣言ファイルで autopilot = true として、fubako apply を実行してください。
check-domains-missing = セクション { $about } に、送信元のドメインが登録されていません。メールは受け付けられません。
check-domains-missing-next = 宣言ファイルの domains に、送信元のドメインを加えてください。
check-mail-link-group-missing = セクション { $about } に、メール連携グループがありません。添付ファイルのあるメールは、すべて止まります(group-not-set)。
check-mail-link-group-missing-next = 宣言ファイルで、グループのひとつに mail_link = true を指定し、添付ファイルを送るユーザとデフォルトユーザの group をそのグループにして、fubako apply を実行してください。
check-access-password = セクション { $about } の受取人は、ファイルパスワードでファイルを開けます。パスワードとURLが同じ経路(メール)で届くため、保護としては弱い方法です。access = ["one-time-code"] とすると、メールに秘密の情報が載りません。
check-access-code = セクション { $about } では、中継するメールに秘密の情報が載りません。受取人は、自分のアドレスに届く確認コードでファイルを開きます。
check-access-account = セクション { $about } のファイルを開けるのは、ここにアカウントのある受取人だけです。
check-access-account-next = 社外の方にも送る場合は、access に "one-time-code" を加えてください。
check-approvers-there = セクション { $about } では、グループ { $group }の送信を承認できる承認者がいます。
check-approvers-missing = セクション { $about } では、グループ { $group }の送信に承認が必要ですが、パスワードを設定済みの承認者がいません。送信は止まります(approval-misconfigured)。
check-approvers-missing-next = 宣言ファイルで、承認者とするユーザに approver = true を指定し(グループに approvers の指定があるときは、そこにも加えて)、fubako apply を実行してください。その後、fubako operator reset { $about }/ログインID で招待してください。
check-approver-alone = セクション { $about } で、グループ { $group }の送信を承認できる承認者は、1名だけです。その承認者自身の送信は止まり(approval-misconfigured)、不在の間は、ほかの送信も承認待ちのままとなります。
check-approver-alone-next = 宣言ファイルで、もう1名以上のユーザに approver = true を指定し(グループに approvers の指定があるときは、そこにも加えて)、fubako apply を実行してください。その後、fubako operator reset { $about }/ログインID で招待してください。
check-default-user-there = セクション { $about } では、アカウントのない差出人に代わって、メール連携用デフォルトユーザ { $user } がお預かりします。
check-default-user-missing = セクション { $about } に、メール連携用デフォルトユーザがいません。アカウントのない差出人の、添付ファイルのあるメールは止まります(default-user-credentials)。
check-default-user-missing-next = 差出人の全員にアカウントがあるのでなければ、宣言ファイルで、メール連携グループのユーザのひとりに default_user = true を指定して、fubako apply を実行してください。
check-default-user-no-group = セクション { $about } のメール連携用デフォルトユーザ { $user } が、メール連携グループ({ $group })に入っていません。アカウントのない差出人の、添付ファイルのあるメールは止まります(default-user-no-group)。
check-default-user-no-group-next = 宣言ファイルで、{ $user } の group を { $group } として、fubako apply を実行してください。
check-default-user-locked = セクション { $about } のメール連携用デフォルトユーザ { $user } がロックされています。アカウントのない差出人の、添付ファイルのあるメールは止まります(default-user-locked)。
check-default-user-locked-next = パスワードを間違えた人やプログラムを確かめて、fubako operator unlock { $about }/{ $user } を実行してください。
check-default-user-password-reset = セクション { $about } のメール連携用デフォルトユーザ { $user } のパスワードが、リセットされたままになっています。アカウントのない差出人の、添付ファイルのあるメールは止まります(default-user-password-reset)。
check-default-user-password-reset-next = リセットのときに表示されたリンクを開いて、新しいパスワードを設定してください。期限が過ぎたときは、fubako operator reset { $about }/{ $user } を実行すると、新しいリンクが表示されます。
check-default-user-password-expired = セクション { $about } のメール連携用デフォルトユーザ { $user } のパスワードが、有効期限を過ぎています。アカウントのない差出人の、添付ファイルのあるメールは止まります(default-user-password-expired)。
check-default-user-password-expired-next = 宣言ファイルで、{ $user } に password_never_expires = true を指定して、fubako apply を実行してください。または、サインインして、新しいパスワードに変更してください。
check-proof-shared = { $about } は { $provider } から送信していますが、メールの証明(proof)が spf です。{ $provider } のほかの利用者が、このドメインを名乗って送信できます。
check-proof-shared-next = proof を secret-header に変更してください(docs/administration.ja.md の3章。Exchange Online と Google Workspace には設定ガイドがあります)。
check-proof-replay = { $about } は { $provider } から送信していますが、メールの証明(proof)が dkim です。署名されたメールを手に入れた { $provider } のほかの利用者が、1週間の間、それを別の宛先へ送り直せます。
check-proof-replay-next = proof を secret-header に変更してください(docs/administration.ja.md の3章)。ここを通すメールを { $provider } から送っていないときは、SPFレコードから外してください。
check-proof-open = { $about } のSPFレコードは、だれからの送信も許可しています(all)。メールの証明(proof)が spf のため、だれでもこのドメインを名乗って送信できます。
check-proof-open-next = SPFレコードに自社のサーバを書き、末尾を -all にしてください。または proof を secret-header に変更してください。
check-spf-open = { $about } のSPFレコードは、だれからの送信も許可しています(all)。なりすましを防げません。
check-spf-foreign = { $about } のSPFレコードは、{ $name } が認めるサーバからの送信も許可しています。これはセクションのドメインではありません。
check-spf-foreign-next = { $name } がだれのものかを確認してください。ほかの会社と共用のサービスなら、その利用者もこのドメインを名乗って送信できますので、proof を secret-header に変更してください。自社のメールだけを送るものなら、問題ありません。
check-spf-wide = { $about } のSPFレコードは、非常に広い範囲のアドレスからの送信を許可しています({ $ranges })。一つの組織のメールサーバとしては広すぎます。
check-spf-wide-next = 送信するサーバを、ひとつずつ、または小さなネットワークで指定してください。範囲内のアドレスを持つ人は、だれでもこのドメインを名乗って送信できます。
check-spf-open-next = SPFレコードに自社のサーバを書き、末尾を -all にしてください。
check-secret-set = セクション { $about } の秘密ヘッダー({ $header })は設定されています。
check-secret-missing = セクション { $about } の proof は secret-header ですが、ヘッダーの名前または値がありません。メールは受け付けられません。
check-secret-missing-next = 宣言ファイルで secret_header と secret を指定して、fubako apply を実行してください。
check-networks-set = { $about } の画面を利用できるネットワークが設定されており、管理する人の前回のサインイン元はその中にあります。
check-networks-shut-out = { $user } は前回 { $address } から { $about } の画面にサインインしましたが、このアドレスは利用できるネットワークに入っていません。
check-networks-shut-out-next = { $user } がそこから利用する必要があるときは、セクションの screen_networks にネットワークを追加して fubako apply を実行してください。運営者(installation)の場合は http.operator_networks に追加して、再起動してください。
check-own-domain-there = 独自ドメイン { $about } のリンクは、ここにつながります。
check-own-domain-not-served = 独自ドメイン { $about } (link_url)は、このサービスで受け付けるドメインに入っていません。このセクションの、添付ファイルのあるメールは止まります(wrong-domain)。
check-own-domain-not-served-next = DNS と証明書を用意したうえで、http.own_domains に { $about } を追加して再起動してください。独自ドメインを使わないときは、セクションの設定から link_url を除いて、fubako apply を実行してください。
check-own-domain-missing = 独自ドメイン { $about } のアドレスが DNS にありません。宛先の方がリンクを開けません。
check-own-domain-missing-next = { $about } の A、AAAA、または CNAME レコードを、ここにつながるように公開してください。
check-own-domain-elsewhere = 独自ドメイン { $about } は、{ $host } とは別のアドレスにつながります。
check-own-domain-elsewhere-next = そのアドレスが、ここにつながる別のプロキシのものであれば問題ありません。そうでなければ、{ $about } を { $host } と同じところにつないでください。
check-own-domain-certificate = HTTPS で示す証明書は、独自ドメイン { $about } では有効ではありません: { $cause }
check-own-domain-certificate-next = { $about } も含む証明書を取得して、tls.certificate に指定してください。

# 同じことを、セクションの管理者の画面で(crates/fubako/src/check/door.rs)
check-dns-away-screens-what = { $about } をDNSで確認できませんでした。
check-dns-away-screens = しばらくしてから、もう一度お試しください。続くときは、運営者にお問い合わせください。
check-spf-unknown-screens-what = { $about } のSPFが、このサービスからの送信を認めているかは、ここからは確認できません。
check-spf-unknown-screens = このサービスの送信元アドレスを運営者に確かめて、{ $about } のSPFレコードに含まれることを確認してください。
check-own-domain-certificate-screens-what = HTTPS で示す証明書が、独自ドメイン { $about } では有効ではありません。
check-mail-link-group-missing-screens = 「グループ」の画面で、グループのひとつをメール連携にし、添付ファイルを送るユーザとデフォルトユーザを、そのグループに入れてください。
check-access-password-screens-what = 受取人は、ファイルパスワードでファイルを開けます。パスワードとURLが同じ経路(メール)で届くため、保護としては弱い方法です。「ポリシー」の「受取人の確認方法」で、受取人にメールで送る確認コードを選ぶと、メールに秘密の情報が載りません。
check-access-account-screens = 社外の方にも送る場合は、「ポリシー」の「受取人の確認方法」で、受取人にメールで送る確認コードも選んでください。
check-approvers-missing-screens = 「ユーザ」の画面で、承認者を決めて招待してください(グループで承認者を選んでいるときは、そこでも選んでください)。
check-approver-alone-screens = 「ユーザ」の画面で、もう1名以上を承認者にして招待してください(グループで承認者を選んでいるときは、そこでも選んでください)。
check-default-user-missing-screens = 差出人の全員にアカウントがあるのでなければ、「ユーザ」の画面で、メール連携のグループのユーザのひとりをデフォルトユーザにしてください。
check-default-user-no-group-screens = 「ユーザ」の画面で、{ $user } のグループを { $group } にしてください。
check-default-user-locked-screens = パスワードを間違えた人やプログラムを確かめて、「ユーザ」の画面で { $user } のロックを解除してください。
check-default-user-password-reset-screens = { $user } に届いた招待のリンクを開いて、新しいパスワードを設定してください。期限が過ぎたときは、「ユーザ」の画面でもう一度招待してください。
check-default-user-password-expired-screens = 「ユーザ」の画面で、{ $user } のパスワードの有効期限をなしにしてください。または、サインインして、新しいパスワードに変更してください。
check-networks-shut-out-screens = { $user } がそこから利用する必要があるときは、「ポリシー」の「画面を利用できる接続元」に追加してください。
